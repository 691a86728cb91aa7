import { Alert, Button, Group, Modal, Stack } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";

interface Props {
  title: string;
  /** the button that does it, in the words of what it does */
  confirm: string;
  danger?: boolean;
  /** what is filled in is not enough yet */
  incomplete?: boolean;
  onConfirm: () => Promise<void>;
  onClose: () => void;
  /** after it worked, where something else comes than closing */
  onDone?: () => void;
  children: ReactNode;
}

/** Asks before something happens to others. It stays open, with the reason, when it failed. */
export function Confirm(props: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await props.onConfirm();
      (props.onDone ?? props.onClose)();
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={props.onClose} title={props.title} centered closeButtonProps={{ "aria-label": "Cancel" }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {props.children}
          {error !== null && (
            <Alert color="red" role="alert" title="That did not work">
              {error}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              color={props.danger ? "red" : undefined}
              loading={busy}
              disabled={props.incomplete}
              data-testid="confirm"
            >
              {props.confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
