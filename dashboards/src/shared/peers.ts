/**
 * Talking in the stand-in's rooms: no mixer, each pair of browsers has a connection of its own.
 * Spoken by the desk's softphone and by the phone booth; docs/standin.md has the socket's side.
 */
type PeerData = { description: RTCSessionDescriptionInit } | { candidate: RTCIceCandidateInit };

interface Peer {
  connection: RTCPeerConnection;
  polite: boolean;
  /** The polite side waits for the first offer: both have sound to send from the start. */
  greeted: boolean;
  making: boolean;
  ignoring: boolean;
  sender: RTCRtpSender | null;
  player: HTMLAudioElement;
  queue: Promise<void>;
}

export interface PeersOptions {
  /** The microphone's sound; null: listen only. */
  sound: MediaStream | null;
  send: (to: string, data: Record<string, unknown>) => void;
  /** How many are heard now. */
  changed?: (talking: number) => void;
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();
  #muted = false;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** The stand-in's `peer`: connect, or change whether this side is heard. */
  meet(id: string, polite: boolean, speak: boolean): void {
    const known = this.#peers.get(id);
    const track = this.#track();
    if (known !== undefined) {
      void known.sender?.replaceTrack(speak ? track : null);
      return;
    }
    const connection = new RTCPeerConnection();
    const player = new Audio();
    player.autoplay = true;
    const peer: Peer = {
      connection,
      polite,
      greeted: !polite,
      making: false,
      ignoring: false,
      sender: null,
      player,
      queue: Promise.resolve(),
    };
    this.#peers.set(id, peer);
    connection.onnegotiationneeded = () => {
      if (peer.greeted) void this.#offer(id, peer);
    };
    connection.onicecandidate = ({ candidate }) => {
      if (candidate !== null) this.#tell(id, { candidate: candidate.toJSON() });
    };
    connection.ontrack = ({ track: heard }) => {
      player.srcObject = new MediaStream([heard]);
      void player.play().catch(() => undefined); // until the page is touched
    };
    connection.onconnectionstatechange = () => {
      // the one that offered first does it again: both at once would cross
      if (connection.connectionState === "failed" && !polite) connection.restartIce();
      this.#count();
    };
    if (track !== null && this.#options.sound !== null) {
      peer.sender = connection.addTrack(track, this.#options.sound);
      if (!speak) void peer.sender.replaceTrack(null);
    } else if (!polite) {
      connection.addTransceiver("audio", { direction: "recvonly" });
    }
  }

  /** The stand-in's `unpeer`. */
  leave(id: string): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    this.#peers.delete(id);
    peer.connection.close();
    peer.player.srcObject = null;
    this.#count();
  }

  /** The stand-in's `signal`. */
  hear(from: string, data: Record<string, unknown>): void {
    const peer = this.#peers.get(from);
    if (peer === undefined) return;
    peer.queue = peer.queue
      .then(() => this.#take(from, peer, data as unknown as PeerData))
      .catch((error: unknown) => console.warn("secondline: a signal could not be used", error));
  }

  mute(on: boolean): void {
    this.#muted = on;
    this.#track();
  }

  /** Leaves everybody and lets go of the microphone. */
  stop(): void {
    for (const id of [...this.#peers.keys()]) this.leave(id);
    for (const track of this.#options.sound?.getTracks() ?? []) track.stop();
  }

  async #offer(id: string, peer: Peer): Promise<void> {
    try {
      peer.making = true;
      await peer.connection.setLocalDescription();
      this.#describe(id, peer);
    } finally {
      peer.making = false;
    }
  }

  async #take(from: string, peer: Peer, data: PeerData): Promise<void> {
    const { connection } = peer;
    if ("candidate" in data) {
      try {
        await connection.addIceCandidate(data.candidate);
      } catch (error) {
        if (!peer.ignoring) throw error;
      }
      return;
    }
    const { description } = data;
    const crossed = description.type === "offer" && (peer.making || connection.signalingState !== "stable");
    peer.ignoring = !peer.polite && crossed;
    if (peer.ignoring) return;
    peer.greeted = true;
    await connection.setRemoteDescription(description);
    if (description.type === "offer") {
      await connection.setLocalDescription();
      this.#describe(from, peer);
    }
  }

  #describe(id: string, { connection }: Peer): void {
    const description = connection.localDescription;
    if (description !== null) this.#tell(id, { description: { type: description.type, sdp: description.sdp } });
  }

  #tell(id: string, data: PeerData): void {
    this.#options.send(id, data as unknown as Record<string, unknown>);
  }

  /** The microphone's track, as it should be now. */
  #track(): MediaStreamTrack | null {
    const track = this.#options.sound?.getAudioTracks()[0] ?? null;
    if (track !== null) track.enabled = !this.#muted;
    return track;
  }

  #count(): void {
    const states = [...this.#peers.values()].map((peer) => peer.connection.connectionState);
    this.#options.changed?.(states.filter((state) => state === "connected").length);
  }
}
