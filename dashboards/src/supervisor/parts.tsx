import { Title } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { ApiError, api } from "../shared/http";
import type { ContactRow } from "../shared/wire";

const REFRESH_MS = 4000;

/** A part of a contact's panel. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={3} size="h5" mb={8}>
        {title}
      </Title>
      {children}
    </section>
  );
}

/** Reads of a contact: again when its row moved, and now and then until it is over. */
export function useReading<T>(address: string, row: ContactRow | undefined, over = false) {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    const read = () =>
      api.get<T>(address, gone.signal).then(
        (fresh) => {
          setValue(() => fresh);
          setError(null);
        },
        (cause: unknown) => {
          if (!gone.signal.aborted) setError(cause instanceof ApiError ? cause.message : String(cause));
        },
      );
    void read();
    const timer = over ? undefined : setInterval(() => void read(), REFRESH_MS);
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [address, over, row?.state, row?.agent, row?.queue]);
  return { value, error };
}
