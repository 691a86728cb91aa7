/** What a telephone sounds like: voices, recordings, key tones. */

/** Spoken by the browser, where it has a voice for the language. */
export function speak(text: string, language: string): void {
  if (!("speechSynthesis" in window)) return;
  const words = new SpeechSynthesisUtterance(text);
  words.lang = language;
  speechSynthesis.speak(words);
}

let player: HTMLAudioElement | null = null;

export function play(url: string, seconds: number): void {
  player?.pause();
  player = new Audio(url);
  player.volume = 0.4;
  void player.play().catch(() => undefined); // the file may be anywhere
  const started = player;
  setTimeout(() => started.pause(), seconds * 1000);
}

export function hush(): void {
  if ("speechSynthesis" in window) speechSynthesis.cancel();
  player?.pause();
  player = null;
}

const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = "123456789*0#";
let audio: AudioContext | null = null;

/** A key's two tones, 120 ms. */
export function tone(key: string): void {
  const place = KEYS.indexOf(key);
  const [low, high] = [ROWS[Math.floor(place / 3)], COLUMNS[place % 3]];
  if (low === undefined || high === undefined) return;
  audio ??= new AudioContext();
  const volume = audio.createGain();
  volume.gain.value = 0.04;
  volume.connect(audio.destination);
  for (const frequency of [low, high]) {
    const oscillator = audio.createOscillator();
    oscillator.frequency.value = frequency;
    oscillator.connect(volume);
    oscillator.start();
    oscillator.stop(audio.currentTime + 0.12);
  }
}
