/** What an agent can do with a contact: end it, escalate it, turn it into video. */
import { Button, Menu, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowForwardUp, IconPhoneOff, IconVideo } from "@tabler/icons-react";
import { useState } from "react";
import { useMe } from "../shared/session";
import type { Handling } from "../shared/wire";
import { Escalate } from "./Escalate";
import { useDesk, useVideo } from "./context";
import { tellFailure } from "./failure";
import { nameOf } from "./names";

export function Controls({ handling }: { handling: Handling }) {
  const desk = useDesk();
  const me = useMe();
  const video = useVideo();
  const [busy, setBusy] = useState(false);
  const [escalating, { open, close }] = useDisclosure(false);
  const active = handling.state === "active";
  const canSee = handling.channel !== "voice" && active && handling.video !== "on" && handling.video !== "asked";
  const end = (): void => {
    setBusy(true);
    desk
      .end(handling.contact)
      .catch(tellFailure("The conversation was not ended"))
      .finally(() => setBusy(false));
  };
  return (
    <>
      {canSee && (
        <Tooltip label={video === null ? "Invite to video" : "You are in a video call already"} withArrow>
          <Button
            variant="default"
            leftSection={<IconVideo size={17} aria-hidden />}
            disabled={video !== null}
            onClick={() => void desk.setVideo(handling.contact, "on").catch(tellFailure("Video did not start"))}
            data-testid="video-start"
          >
            Video
          </Button>
        </Tooltip>
      )}
      {me.agent?.tier === 1 && active && (
        <Button
          variant="default"
          leftSection={<IconArrowForwardUp size={17} aria-hidden />}
          onClick={open}
          data-testid="escalate"
        >
          Escalate
        </Button>
      )}
      <Menu position="bottom-end" width={270} withArrow>
        <Menu.Target>
          <Button
            color="red"
            variant="light"
            loading={busy}
            leftSection={<IconPhoneOff size={17} aria-hidden />}
            data-testid="end"
          >
            End
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>This cannot be taken back.</Menu.Label>
          <Menu.Item color="red" onClick={end} data-testid="end-confirm">
            End with {nameOf(handling.person)}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Escalate handling={handling} opened={escalating} close={close} />
    </>
  );
}
