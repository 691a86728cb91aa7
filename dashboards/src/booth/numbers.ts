import { useEffect, useState } from "react";
import { ApiError, Api } from "../shared/http";

export interface Caller {
  number: string;
  label: string;
  stir?: string | null;
}

/** GET /standin/numbers */
export interface Numbers {
  dial: { number: string; label: string }[];
  from: Caller[];
}

const api = new Api();

/** What can be dialled, and by whom; `absent`: this service has no stand-in. */
export function useNumbers(): { numbers: Numbers | null; absent: boolean } {
  const [numbers, setNumbers] = useState<Numbers | null>(null);
  const [absent, setAbsent] = useState(false);
  useEffect(() => {
    const gone = new AbortController();
    let retry: number | undefined;
    const read = () =>
      api.get<Numbers>("/standin/numbers", gone.signal).then(setNumbers, (cause: unknown) => {
        if (gone.signal.aborted) return;
        if (cause instanceof ApiError && cause.status >= 400 && cause.status < 500) setAbsent(true);
        else retry = window.setTimeout(() => void read(), 2000);
      });
    void read();
    return () => {
      gone.abort();
      window.clearTimeout(retry);
    };
  }, []);
  return { numbers, absent };
}
