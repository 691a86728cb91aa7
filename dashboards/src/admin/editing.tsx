import { Alert, Button, Drawer, Group, Stack, Text } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { type ReactNode, useRef, useState } from "react";
import { ApiError } from "../shared/http";

/**
 * Which field of a form an error of the service is about: `policy.steps[0].tiers[1]` is shown at
 * `policy.steps.0.tiers`. Null: at none of them, so above the form.
 */
export function fieldOf(values: unknown, field: string): string | null {
  const found: string[] = [];
  let value = values;
  for (const part of field.replaceAll(/\[(\d+)\]/g, ".$1").split(".")) {
    if (!isRecord(value) || !(part in value)) break;
    found.push(part);
    value = value[part];
  }
  if (found.length === 0) return null;
  const fields = isRecord(value) && (!Array.isArray(value) || value.some(isRecord));
  return fields ? null : found.join(".");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

interface Props<Values extends object> {
  title: string;
  form: UseFormReturnType<Values>;
  /** the button that saves */
  confirm: string;
  wide?: boolean;
  onSave: (values: Values) => Promise<void>;
  onClose: () => void;
  children: ReactNode;
}

/** A form in a panel at the side. What the service refuses is said at the field it is about. */
export function Editor<Values extends object>(props: Props<Values>) {
  const { form } = props;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const element = useRef<HTMLFormElement>(null);

  async function save(values: Values) {
    setBusy(true);
    setError(null);
    try {
      await props.onSave(values);
      props.onClose();
    } catch (cause) {
      setBusy(false);
      if (!(cause instanceof ApiError)) throw cause;
      const field = cause.field === undefined ? null : fieldOf(values, cause.field);
      if (field === null) setError(cause);
      else form.setFieldError(field, cause.message);
      toFirstError();
    }
  }

  /** After the errors have been drawn: a long form may have them out of sight. */
  function toFirstError() {
    requestAnimationFrame(() => {
      const first = element.current?.querySelector<HTMLElement>('[role="alert"], [aria-invalid="true"], input[data-invalid]');
      first?.focus({ preventScroll: true });
      first?.scrollIntoView({ block: "center", behavior: "smooth" });
    });
  }

  function leave() {
    if (form.isDirty() && !confirm("Leave without saving?")) return;
    props.onClose();
  }

  return (
    <Drawer
      opened
      onClose={leave}
      position="right"
      size={props.wide ? "min(52rem, 100vw)" : "min(32rem, 100vw)"}
      title={<Text fw={650}>{props.title}</Text>}
      closeButtonProps={{ "aria-label": "Close the panel" }}
      closeOnClickOutside={!form.isDirty()}
      data-testid="editor"
    >
      <form ref={element} noValidate onSubmit={form.onSubmit((values) => void save(values), toFirstError)}>
        <Stack>
          {error !== null && (
            <Alert color="red" role="alert" tabIndex={-1} title="Not saved" data-testid="editor-error">
              {error.message}
              {error.field !== undefined && ` (${error.field})`}
            </Alert>
          )}
          {props.children}
          <Group justify="flex-end" mt="md">
            <Button variant="default" onClick={leave}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} data-testid="save">
              {props.confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
}
