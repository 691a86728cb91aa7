import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { ApiError, Api } from "../shared/http";
import { homeOf } from "../shared/pages";
import type { Me } from "../shared/wire";

/** Its own, for a 401 here is an answer about the password, not a lost session. */
const api = new Api();

export function SignIn() {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: "", password: "" },
    validate: {
      email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : "Enter your mail address, such as ana@example.com."),
      password: (value) => (value === "" ? "Enter your password." : null),
    },
  });

  async function signIn(values: { email: string; password: string }) {
    setBusy(true);
    setError(null);
    try {
      await api.post("/api/login", { email: values.email.trim(), password: values.password });
      location.assign(wanted() ?? homeOf(await api.get<Me>("/api/me")));
    } catch (cause) {
      setBusy(false);
      if (!(cause instanceof ApiError)) throw cause;
      if (cause.field === "email" || cause.field === "password") form.setFieldError(cause.field, cause.message);
      else if (cause.status === 401) form.setFieldError("password", cause.message);
      else setError(cause.message);
    }
  }

  return (
    <form onSubmit={form.onSubmit((values) => void signIn(values))} noValidate>
      <Stack>
        {error !== null && (
          <Alert color="red" role="alert" data-testid="login-error">
            {error}
          </Alert>
        )}
        <TextInput
          label="Mail address"
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          key={form.key("email")}
          {...form.getInputProps("email")}
          data-testid="login-email"
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          key={form.key("password")}
          {...form.getInputProps("password")}
          // the library marks it for the eye alone
          aria-invalid={form.errors["password"] !== undefined}
          data-testid="login-password"
        />
        <Button type="submit" loading={busy} fullWidth mt="xs" data-testid="login-submit">
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

/** The page that sent here, if it is one of ours: an address of another site would be a trap. */
function wanted(): string | null {
  const next = new URLSearchParams(location.search).get("next");
  if (next === null || !next.startsWith("/")) return null;
  const target = new URL(next, location.origin);
  return target.origin === location.origin && target.pathname !== "/login"
    ? target.pathname + target.search
    : null;
}
