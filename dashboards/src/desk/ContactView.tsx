/** An earlier contact: who had it, how it ended, what was noted and said. */
import { Alert, Loader, Modal, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { label, language, moment, span } from "../shared/format";
import { ApiError, api } from "../shared/http";
import { Facts } from "./Facts";
import { HandOverNote } from "./HandOverNote";
import { describe } from "./Thread";
import classes from "./desk.module.css";
import type { ContactFile } from "./history";

export function ContactView({ id, close }: { id: string | null; close: () => void }) {
  const [file, setFile] = useState<ContactFile | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    setFile(null);
    setTrouble(null);
    if (id === null) return;
    const gone = new AbortController();
    api.get<ContactFile>(`/api/contacts/${id}`, gone.signal).then(setFile, (error: unknown) => {
      if (gone.signal.aborted) return;
      const others = error instanceof ApiError && error.status === 404;
      setTrouble(others ? "Only those who had this contact in hand can open it." : (error as Error).message);
    });
    return () => gone.abort();
  }, [id]);
  return (
    <Modal opened={id !== null} onClose={close} size="lg" title="Earlier contact" data-testid="contact-view">
      {trouble !== null ? (
        <Alert color="red">{trouble}</Alert>
      ) : file === null ? (
        <Loader role="status" aria-label="Loading the contact" />
      ) : (
        <Earlier file={file} />
      )}
    </Modal>
  );
}

function Earlier({ file }: { file: ContactFile }) {
  const ended = file.ended_at == null ? null : Date.parse(file.ended_at);
  return (
    <Stack>
      <Facts
        facts={[
          ["Arrived", moment(file.arrived_at)],
          ["Took", ended === null ? "still open" : span(ended - Date.parse(file.arrived_at))],
          ["Topic", file.topic == null ? "not said" : label(file.topic)],
          ["Queue", file.queue?.name ?? "not known"],
          ["Outcome", file.outcome == null ? label(file.state) : label(file.outcome)],
          ...(file.language === undefined ? [] : [["Language", language(file.language)] as const]),
        ]}
      />
      {(file.handlings ?? []).map((handling) => (
        <div key={handling.handling} className={classes.pastHandling}>
          <Text size="sm" fw={600}>
            {handling.agent.name}
            <Text span size="sm" c="var(--quiet)" fw={400}>
              {" · "}
              {moment(handling.accepted_at)}
              {handling.outcome == null ? "" : ` · ${label(handling.outcome)}`}
            </Text>
          </Text>
          {handling.note != null && (
            <Text size="sm" className={classes.said}>
              {handling.note}
            </Text>
          )}
          {handling.hand_over != null && <HandOverNote handOver={handling.hand_over} />}
        </div>
      ))}
      {(file.timeline ?? []).length > 0 && (
        <div className={classes.earlier}>
          {(file.timeline ?? []).map((entry) =>
            entry.kind === "message" ? (
              <p key={entry.seq} className={classes.said}>
                <b>{entry.name ?? label(entry.author)}</b> {entry.data.text}
              </p>
            ) : (
              <p key={entry.seq} className={classes.earlierEvent}>
                {describe(entry)}
              </p>
            ),
          )}
        </div>
      )}
    </Stack>
  );
}
