import { Alert, Button, Center, Loader, Stack } from "@mantine/core";
import { type ReactNode, useCallback, useEffect, useState } from "react";

export interface Loaded<T> {
  /** what was read last; it stays while it is read again */
  value: T | null;
  error: string | null;
  reload: () => void;
}

/** Reads something now, when `read` changes, and on `reload`. `read` must be stable. */
export function useLoaded<T>(read: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    const gone = new AbortController();
    read(gone.signal).then(
      (fresh) => {
        if (gone.signal.aborted) return;
        setValue(() => fresh);
        setError(null);
      },
      (cause: unknown) => {
        if (!gone.signal.aborted) setError(cause instanceof Error ? cause.message : String(cause));
      },
    );
    return () => gone.abort();
  }, [read, round]);
  return { value, error, reload };
}

export function Loading<T>({ loaded, children }: { loaded: Loaded<T>; children: (value: T) => ReactNode }) {
  const { value, error, reload } = loaded;
  return (
    <>
      {error !== null && (
        <Alert color="red" role="alert" title="This could not be loaded" mb="md">
          <Stack align="start" gap="xs">
            {error}
            <Button size="xs" variant="default" onClick={reload}>
              Try again
            </Button>
          </Stack>
        </Alert>
      )}
      {value !== null
        ? children(value)
        : error === null && (
            <Center h={200}>
              <Loader aria-label="Loading" />
            </Center>
          )}
    </>
  );
}
