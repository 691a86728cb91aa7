/** Who is signed in, asked once before a staff page shows anything. */
import { Alert, Button, Center, Loader, Stack } from "@mantine/core";
import { type ReactNode, createContext, useContext, useEffect, useState } from "react";
import { ApiError, api } from "./http";
import type { Me } from "./wire";

const MeContext = createContext<Me | null>(null);

/** The account behind this page; only within `<SignedIn>`. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (me === null) throw new Error("useMe outside of SignedIn");
  return me;
}

/** Shows its page once `GET /api/me` says who this is; nobody is sent to the login instead. */
export function SignedIn({ children }: { children: ReactNode }) {
  const [me, setMe] = useState<Me | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    api.get<Me>("/api/me", gone.signal).then(setMe, (cause: unknown) => {
      if (gone.signal.aborted || (cause instanceof ApiError && cause.status === 401)) return;
      setError(cause instanceof Error ? cause.message : String(cause));
    });
    return () => gone.abort();
  }, [attempt]);
  if (me !== null) return <MeContext value={me}>{children}</MeContext>;
  return (
    <Center h="100dvh" p="md">
      {error === null ? (
        <Loader role="status" aria-label="Loading" />
      ) : (
        <Alert color="red" title="This page could not be loaded" role="alert">
          <Stack align="start">
            {error}
            <Button
              variant="default"
              onClick={() => {
                setError(null);
                setAttempt((n) => n + 1);
              }}
            >
              Try again
            </Button>
          </Stack>
        </Alert>
      )}
    </Center>
  );
}

/** Ends the session, also where the service does not answer any more. */
export async function logOut(): Promise<void> {
  try {
    await api.post("/api/logout");
  } finally {
    location.assign("/login");
  }
}
