import { Alert, Anchor, Button, PasswordInput, Progress, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { Api, ApiError } from "../shared/http";

const SHORTEST = 10;
const api = new Api();

/** Sets the first or a new password by the link of an invitation or reset. */
export function Invitation({ token, onDone }: { token: string; onDone: () => void }) {
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useForm({
    initialValues: { password: "", again: "" },
    validateInputOnBlur: true,
    validate: {
      password: (value) => (value.length < SHORTEST ? `Use at least ${SHORTEST} characters.` : null),
      again: (value, { password }) => (value === password ? null : "The two passwords differ."),
    },
  });
  const { length } = form.values.password;

  async function accept({ password }: { password: string }) {
    setBusy(true);
    setError(null);
    try {
      await api.post("/api/invitations/accept", { token, password });
      onDone();
    } catch (cause) {
      setBusy(false);
      if (!(cause instanceof ApiError)) throw cause;
      if (cause.field === "password") form.setFieldError("password", cause.message);
      else setError(cause);
    }
  }

  return (
    <form onSubmit={form.onSubmit((values) => void accept(values))} noValidate>
      <Stack>
        {error !== null && (
          <Alert color="red" role="alert" title={error.message} data-testid="invitation-error">
            {error.status !== 0 && (
              <>
                Ask an admin for a new link, or <Anchor href="/login">sign in</Anchor> if you have set your
                password already.
              </>
            )}
          </Alert>
        )}
        <div>
          <PasswordInput
            label="New password"
            description={`At least ${SHORTEST} characters. A few unrelated words are easy to keep in mind.`}
            autoComplete="new-password"
            autoFocus
            {...form.getInputProps("password")}
            // the library marks it for the eye alone
            aria-invalid={form.errors["password"] !== undefined}
            data-testid="new-password"
          />
          <Progress
            value={Math.min(100, (length / SHORTEST) * 100)}
            color={length < SHORTEST ? "yellow" : "teal"}
            size="sm"
            mt={8}
            aria-hidden
          />
          <Text size="xs" c="dimmed" mt={4} role="status">
            {length === 0
              ? ""
              : length < SHORTEST
                ? `${SHORTEST - length} more ${SHORTEST - length === 1 ? "character" : "characters"}`
                : "Long enough"}
          </Text>
        </div>
        <PasswordInput
          label="The same again"
          autoComplete="new-password"
          {...form.getInputProps("again")}
          aria-invalid={form.errors["again"] !== undefined}
          data-testid="new-password-again"
        />
        <Button type="submit" loading={busy} fullWidth mt="xs" data-testid="set-password">
          Set the password
        </Button>
      </Stack>
    </form>
  );
}
