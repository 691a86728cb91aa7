/** Hands a contact to the house, with what the next agent needs to know. */
import { Alert, Button, Group, Modal, Select, Stack, Textarea } from "@mantine/core";
import { useState } from "react";
import type { Handling } from "../shared/wire";
import { useDesk } from "./context";
import { remember, remembered } from "./storage";

const REASONS = [
  { value: "needs_deeper_knowledge", label: "Needs deeper knowledge" },
  { value: "needs_account_access", label: "Needs access to the account" },
  { value: "complaint", label: "Complaint" },
  { value: "contract_or_money", label: "Contract or money" },
  { value: "safety", label: "Safety" },
  { value: "other", label: "Something else" },
];

export function Escalate({ handling, opened, close }: { handling: Handling; opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Escalate to the second level" centered size="lg" data-testid="escalate-dialog">
      {opened && <Form handling={handling} close={close} />}
    </Modal>
  );
}

function Form({ handling, close }: { handling: Handling; close: () => void }) {
  const desk = useDesk();
  const draft = `escalate.${handling.handling}`;
  const [form, setForm] = useState(() => read(remembered(draft)));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);

  const change = (part: Partial<typeof form>): void => {
    const next = { ...form, ...part };
    setForm(next);
    remember(draft, JSON.stringify(next));
  };
  const missing = (value: string, what: string): string | null => (tried && value.trim() === "" ? what : null);

  const send = (event: React.FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (form.reason === "" || form.asked.trim() === "" || form.tried.trim() === "") return;
    setBusy(true);
    setRefused(null);
    desk
      .escalate(handling.handling, { reason: form.reason, asked: form.asked.trim(), tried: form.tried.trim() })
      .then(
        () => {
          remember(draft, null);
          close();
        },
        (error: unknown) => setRefused(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => setBusy(false));
  };

  return (
    <form onSubmit={send} noValidate>
      <Stack>
        <Select
          label="Reason"
          placeholder="Choose"
          data={REASONS}
          value={form.reason === "" ? null : form.reason}
          onChange={(value) => change({ reason: value ?? "" })}
          error={missing(form.reason, "Choose a reason.")}
          required
          data-autofocus
          data-testid="escalate-reason"
        />
        <Textarea
          label="What was asked"
          description="In the person's words: what do they want?"
          autosize
          minRows={2}
          maxRows={8}
          maxLength={2000}
          value={form.asked}
          onChange={(event) => change({ asked: event.currentTarget.value })}
          error={missing(form.asked, "Say what was asked.")}
          required
          data-testid="escalate-asked"
        />
        <Textarea
          label="What was tried"
          description="So that nobody asks the person to do it again."
          autosize
          minRows={2}
          maxRows={8}
          maxLength={2000}
          value={form.tried}
          onChange={(event) => change({ tried: event.currentTarget.value })}
          error={missing(form.tried, "Say what was tried, or that nothing was.")}
          required
          data-testid="escalate-tried"
        />
        {refused !== null && (
          <Alert color="red" role="alert" title="Not escalated">
            {refused}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} data-testid="escalate-send">
            Escalate
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function read(kept: string | null): { reason: string; asked: string; tried: string } {
  const empty = { reason: "", asked: "", tried: "" };
  return kept === null ? empty : { ...empty, ...(JSON.parse(kept) as Partial<typeof empty>) };
}
