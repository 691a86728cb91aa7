import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { Copyable } from "./inputs";

/** A link for somebody else's eyes, to be passed on by a way that reaches only them. */
export function LinkDialog(props: { name: string; purpose: "invite" | "reset"; link: string; onClose: () => void }) {
  const { name, purpose, link } = props;
  const address = new URL(link, location.origin).href;
  return (
    <Modal
      opened
      onClose={props.onClose}
      centered
      size="lg"
      title={purpose === "invite" ? `${name} is invited` : `A new password for ${name}`}
      closeButtonProps={{ "aria-label": "Close" }}
      data-testid="link-dialog"
    >
      <Stack>
        <Text size="sm">
          Send this link to {name} and to nobody else: whoever opens it chooses the password. It works once and
          for a limited time.
        </Text>
        <Copyable value={address} label="the link" />
        <Group justify="flex-end">
          <Button onClick={props.onClose}>Done</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
