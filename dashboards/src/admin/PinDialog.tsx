import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Confirm } from "../shared/confirm";
import { Copyable } from "./inputs";
import { type Expert, experts } from "./records";

/** Asks, issues, and shows the PIN: once, for it is kept as a hash alone. */
export function IssuePin({ expert, onDone, onClose }: { expert: Expert; onDone: () => void; onClose: () => void }) {
  const [pin, setPin] = useState<string | null>(null);
  const who = expert.name ?? expert.number;
  if (pin === null) {
    return (
      <Confirm
        title={expert.pin === "none" ? `Issue a PIN to ${who}?` : `A new PIN for ${who}?`}
        confirm="Issue the PIN"
        onClose={onClose}
        onConfirm={async () => setPin((await experts.issuePin(expert.id)).pin)}
        onDone={onDone}
      >
        <Text size="sm">
          {expert.pin === "none"
            ? "With the expert number and this PIN, the expert is recognised from any phone."
            : "The old PIN stops working at once."}
        </Text>
      </Confirm>
    );
  }
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      closeOnClickOutside={false}
      title={`The PIN of ${who}`}
      closeButtonProps={{ "aria-label": "Close" }}
      data-testid="pin-dialog"
    >
      <Stack>
        <Copyable value={pin} label="the PIN" large />
        <Alert color="yellow" p="sm">
          It is shown this once and cannot be looked up later. Pass it on now, together with the expert number{" "}
          <b>{expert.number}</b>.
        </Alert>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have passed it on</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
