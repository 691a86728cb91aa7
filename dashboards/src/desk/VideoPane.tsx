/** The picture: the person large, the agent small, and what to do when it does not come. */
import { ActionIcon, Alert, Button, Group, Text, Tooltip } from "@mantine/core";
import {
  IconMicrophone,
  IconMicrophoneOff,
  IconVideo,
  IconVideoOff,
  IconVideoPlus,
} from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { CallTrouble, CallView } from "../shared/call";
import type { Handling } from "../shared/wire";
import { useDesk, useVideo } from "./context";
import classes from "./desk.module.css";
import { tellFailure } from "./failure";
import { nameOf } from "./names";

const TROUBLE: Record<CallTrouble, string> = {
  denied: "The browser does not allow camera or microphone. Allow them in the address bar, then try again.",
  busy: "Another program holds the camera. Close it, then try again.",
  insecure: "Video needs a secure (https) address.",
};

export function VideoPane({ handling }: { handling: Handling }) {
  const desk = useDesk();
  const video = useVideo();
  const { contact } = handling;
  const set = (state: "on" | "off"): void => {
    void desk.setVideo(contact, state).catch(tellFailure("The video was not changed"));
  };
  if (handling.video === "asked") {
    return (
      <Alert color="petrol" radius={0} icon={<IconVideoPlus aria-hidden />} data-testid="video-asked" role="alert">
        <Group justify="space-between">
          <Text size="sm">{nameOf(handling.person)} asks for video.</Text>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => set("off")} data-testid="video-refuse">
              Not now
            </Button>
            <Button size="xs" onClick={() => set("on")} data-testid="video-start">
              Start video
            </Button>
          </Group>
        </Group>
      </Alert>
    );
  }
  if (handling.video !== "on" || handling.state !== "active") return null;
  if (video?.contact !== contact) {
    return (
      <Alert color="gray" radius={0} icon={<IconVideo aria-hidden />}>
        <Group justify="space-between">
          <Text size="sm">This video runs in another tab, or was left.</Text>
          <Button size="xs" onClick={() => desk.joinVideo(contact)} data-testid="video-join">
            Join here
          </Button>
        </Group>
      </Alert>
    );
  }
  if (video.view.phase === "failed") {
    return (
      <Alert color="red" radius={0} role="alert" icon={<IconVideoOff aria-hidden />} data-testid="video-trouble">
        <Group justify="space-between">
          <Text size="sm">{TROUBLE[video.view.trouble ?? "busy"]}</Text>
          <Button size="xs" onClick={() => desk.joinVideo(contact)}>
            Try again
          </Button>
        </Group>
      </Alert>
    );
  }
  return <Picture view={video.view} person={nameOf(handling.person)} stop={() => set("off")} />;
}

const WAITING: Partial<Record<CallView["phase"], string>> = {
  starting: "Starting your camera",
  waiting: "Waiting for the other side to join",
  connecting: "Connecting",
};

function Picture({ view, person, stop }: { view: CallView; person: string; stop: () => void }) {
  const desk = useDesk();
  const waiting = WAITING[view.phase];
  return (
    <div className={classes.video} data-testid="video" data-phase={view.phase}>
      <Screen stream={view.remote} label={`Picture of ${person}`} testid="video-remote" />
      {waiting !== undefined && (
        <Text className={classes.videoWaiting} role="status">
          {waiting}
        </Text>
      )}
      <div className={classes.videoOwn} hidden={view.camera !== true}>
        <Screen stream={view.local} label="Your own picture" testid="video-local" own />
      </div>
      <Group gap="xs" className={classes.videoControls}>
        <Tooltip label={view.microphone === true ? "Mute" : "Unmute"} withArrow>
          <ActionIcon
            size="xl"
            radius="xl"
            color={view.microphone === true ? "gray" : "red"}
            variant="filled"
            disabled={view.microphone === null}
            aria-label="Microphone"
            aria-pressed={view.microphone === true}
            onClick={() => desk.call?.setMicrophone(view.microphone !== true)}
            data-testid="video-mute"
          >
            {view.microphone === true ? <IconMicrophone size={20} /> : <IconMicrophoneOff size={20} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label={view.camera === true ? "Camera off" : "Camera on"} withArrow>
          <ActionIcon
            size="xl"
            radius="xl"
            color={view.camera === true ? "gray" : "red"}
            variant="filled"
            disabled={view.camera === null}
            aria-label="Camera"
            aria-pressed={view.camera === true}
            onClick={() => desk.call?.setCamera(view.camera !== true)}
            data-testid="video-camera"
          >
            {view.camera === true ? <IconVideo size={20} /> : <IconVideoOff size={20} />}
          </ActionIcon>
        </Tooltip>
        <Button color="red" radius="xl" size="md" onClick={stop} data-testid="video-stop">
          Stop video
        </Button>
      </Group>
    </div>
  );
}

function Screen({
  stream,
  label,
  testid,
  own = false,
}: {
  stream: MediaStream | null;
  label: string;
  testid: string;
  own?: boolean;
}) {
  const screen = useRef<HTMLVideoElement>(null);
  const tracks = stream?.getTracks().length ?? 0;
  useEffect(() => {
    const element = screen.current;
    if (element === null) return;
    if (element.srcObject !== stream) element.srcObject = stream;
    // refused until the page was touched: the agent has just clicked
    if (stream !== null) void element.play().catch(() => undefined);
  }, [stream, tracks]);
  return <video ref={screen} aria-label={label} data-testid={testid} muted={own} data-own={own || undefined} autoPlay playsInline />;
}
