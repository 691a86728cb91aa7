/**
 * A video call between two browsers, signalled over our sockets.
 *
 * Both sides run this same code. Either may join first, reload or lose the socket: each start has a
 * session id, `hello` frames introduce the sessions to each other, and a peer with a new session id
 * gets a new connection. Frames for another session are late and ignored.
 *
 * Both have something to send from the start, so both would offer at once: the person's page makes
 * the first offer, and restarts a path that broke; the agent's page answers. Should offers cross all
 * the same, perfect negotiation decides, in which the agent's page is the polite peer and takes its
 * offer back. (Rarely, for Chromium 156 then gathers no candidates until the next restart.)
 * Source: https://w3c.github.io/webrtc-pc/#perfect-negotiation-example
 */
import { freshKey } from "./socket";
import type { SignalData } from "./wire";

export type CallPhase =
  /** asking for camera and microphone */
  | "starting"
  /** joined, the other side has not */
  | "waiting"
  | "connecting"
  | "connected"
  /** camera and microphone could not be had, see trouble */
  | "failed"
  | "over";

export type CallTrouble = "insecure" | "denied" | "busy";

export interface CallView {
  phase: CallPhase;
  trouble: CallTrouble | null;
  local: MediaStream | null;
  remote: MediaStream | null;
  /** Whether there is such a device, and whether it is on. */
  microphone: boolean | null;
  camera: boolean | null;
}

export interface CallOptions {
  polite: boolean;
  ice: () => Promise<RTCIceServer[]>;
  send: (data: SignalData) => Promise<unknown>;
  changed: (view: CallView) => void;
  /** A chosen microphone. */
  microphoneId?: string | undefined;
}

type Signal =
  | { kind: "hello"; from: string; to: string | null }
  | { kind: "description"; from: string; to: string; description: RTCSessionDescriptionInit }
  | { kind: "candidate"; from: string; to: string; candidate: RTCIceCandidateInit }
  | { kind: "bye"; from: string };

export class Call {
  readonly #options: CallOptions;
  readonly #session = freshKey();
  #view: CallView = {
    phase: "starting",
    trouble: null,
    local: null,
    remote: null,
    microphone: null,
    camera: null,
  };
  #servers: RTCIceServer[] = [];
  #peer: string | null = null;
  #connection: RTCPeerConnection | null = null;
  #making = false;
  #ignoring = false;
  /** Whether this side may offer: the polite one does not before it has answered. */
  #greeted = false;
  /** Signals are handled one after the other: each step of a negotiation awaits. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: CallOptions) {
    this.#options = options;
  }

  get view(): CallView {
    return this.#view;
  }

  /** Takes camera and microphone and joins. What is missing of the two is left out. */
  async start(): Promise<void> {
    const [servers, media] = await Promise.all([
      this.#options.ice().catch((): RTCIceServer[] => []), // without: the two may still share a network
      openMedia(this.#options.microphoneId),
    ]);
    if (this.#over) {
      if (typeof media !== "string") stopTracks(media);
      return;
    }
    this.#servers = servers;
    if (typeof media === "string") {
      this.#show({ phase: "failed", trouble: media });
      return;
    }
    this.#show({
      phase: "waiting",
      local: media,
      microphone: media.getAudioTracks().length > 0 ? true : null,
      camera: media.getVideoTracks().length > 0 ? true : null,
    });
    this.#tell({ kind: "hello", from: this.#session, to: null });
  }

  /** Takes a signal of the other side. */
  hear(data: SignalData): void {
    const signal = data as unknown as Signal;
    this.#queue = this.#queue.then(() => this.#handle(signal)).catch((error: unknown) => {
      // a description that no longer fits is overtaken by the next one
      console.warn("secondline: a signal could not be used", error);
    });
  }

  /** After the socket came back: signals may have been lost meanwhile. */
  resume(): void {
    if (this.#over || this.#view.phase === "failed" || this.#view.phase === "starting") return;
    if (this.#view.phase !== "connected") this.#restart();
  }

  /** Introduces this session again; the impolite side also looks for a new path. */
  #restart(): void {
    this.#tell({ kind: "hello", from: this.#session, to: null });
    if (!this.#options.polite) this.#connection?.restartIce();
  }

  setMicrophone(on: boolean): void {
    for (const track of this.#view.local?.getAudioTracks() ?? []) track.enabled = on;
    if (this.#view.microphone !== null) this.#show({ microphone: on });
  }

  setCamera(on: boolean): void {
    for (const track of this.#view.local?.getVideoTracks() ?? []) track.enabled = on;
    if (this.#view.camera !== null) this.#show({ camera: on });
  }

  /** Leaves and lets go of the devices. */
  stop(): void {
    if (this.#over) return;
    this.#tell({ kind: "bye", from: this.#session });
    this.#connection?.close();
    this.#connection = null;
    if (this.#view.local !== null) stopTracks(this.#view.local);
    this.#show({ phase: "over", local: null, remote: null });
  }

  get #over(): boolean {
    return this.#view.phase === "over";
  }

  async #handle(signal: Signal): Promise<void> {
    if (this.#view.local === null || this.#over) return; // not joined: our hello will ask again
    if (signal.kind === "hello") {
      if (signal.from !== this.#peer) {
        this.#meet(signal.from);
        if (signal.to !== this.#session) {
          this.#tell({ kind: "hello", from: this.#session, to: signal.from });
        }
      } else if (signal.to === null) {
        this.#tell({ kind: "hello", from: this.#session, to: signal.from });
        if (!this.#options.polite) this.#connection?.restartIce();
      }
      return;
    }
    if (signal.from !== this.#peer) return;
    if (signal.kind === "bye") {
      this.#peer = null;
      this.#connection?.close();
      this.#connection = null;
      this.#show({ phase: "waiting", remote: null });
      return;
    }
    const connection = this.#connection;
    if (signal.to !== this.#session || connection === null) return;
    if (signal.kind === "candidate") {
      try {
        await connection.addIceCandidate(signal.candidate);
      } catch (error) {
        if (!this.#ignoring) throw error;
      }
      return;
    }
    const { description } = signal;
    const crossed =
      description.type === "offer" && (this.#making || connection.signalingState !== "stable");
    this.#ignoring = !this.#options.polite && crossed;
    if (this.#ignoring) return;
    this.#greeted = true;
    await connection.setRemoteDescription(description);
    if (description.type === "offer") {
      await connection.setLocalDescription();
      this.#describe(connection);
    }
  }

  #meet(peer: string): void {
    this.#connection?.close();
    this.#peer = peer;
    this.#making = false;
    this.#ignoring = false;
    this.#greeted = !this.#options.polite;
    const connection = new RTCPeerConnection({ iceServers: this.#servers });
    this.#connection = connection;
    const remote = new MediaStream();
    this.#show({ phase: "connecting", remote });

    connection.onnegotiationneeded = async () => {
      if (!this.#greeted || this.#connection !== connection) return;
      try {
        this.#making = true;
        await connection.setLocalDescription();
        this.#describe(connection);
      } catch (error) {
        console.warn("secondline: no offer could be made", error);
      } finally {
        this.#making = false;
      }
    };
    connection.onicecandidate = ({ candidate }) => {
      if (candidate !== null && this.#connection === connection) {
        this.#tell({ kind: "candidate", from: this.#session, to: peer, candidate: candidate.toJSON() });
      }
    };
    connection.ontrack = ({ track }) => {
      remote.addTrack(track);
      if (this.#connection === connection) this.#show({ remote });
    };
    connection.onconnectionstatechange = () => {
      if (this.#connection !== connection) return;
      const state = connection.connectionState;
      if (state === "connected") this.#show({ phase: "connected" });
      else if (state === "disconnected" || state === "failed") this.#show({ phase: "connecting" });
      if (state === "failed") this.#restart();
    };

    const tracks = this.#view.local?.getTracks() ?? [];
    for (const track of tracks) {
      if (this.#view.local !== null) connection.addTrack(track, this.#view.local);
    }
    // whoever has no camera still sees the other
    for (const kind of ["audio", "video"] as const) {
      if (!tracks.some((track) => track.kind === kind)) {
        connection.addTransceiver(kind, { direction: "recvonly" });
      }
    }
  }

  #describe(connection: RTCPeerConnection): void {
    const description = connection.localDescription;
    if (description === null || this.#peer === null || this.#connection !== connection) return;
    this.#tell({
      kind: "description",
      from: this.#session,
      to: this.#peer,
      description: { type: description.type, sdp: description.sdp },
    });
  }

  #tell(signal: Signal): void {
    // lost with the socket: resume() introduces us again
    this.#options.send(signal as unknown as SignalData).catch(() => undefined);
  }

  #show(change: Partial<CallView>): void {
    this.#view = { ...this.#view, ...change };
    this.#options.changed(this.#view);
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Camera and microphone, or the one that there is, or nothing but watching; or why not. */
async function openMedia(microphoneId?: string): Promise<MediaStream | CallTrouble> {
  // browsers hide the devices from pages that are not secure
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) return "insecure";
  const audio: MediaTrackConstraints | true =
    microphoneId === undefined ? true : { deviceId: { ideal: microphoneId } };
  const video: MediaTrackConstraints = {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    facingMode: "user",
  };
  let trouble: CallTrouble | null = null;
  for (const wanted of [{ audio, video }, { audio }, { video }]) {
    try {
      return await devices.getUserMedia(wanted);
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      if (name === "NotAllowedError" || name === "SecurityError") return "denied";
      if (name === "NotReadableError" || name === "AbortError") trouble = "busy";
    }
  }
  return trouble ?? new MediaStream();
}
