import { Group, Select, Text } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { QueueValues } from "./QueueForm";
import type { Queue, Then } from "./records";

const LEADS: Record<Exclude<Then["to"], "next">, string> = {
  queue: "Another queue",
  callback: "The offer of a callback",
  voicemail: "Voicemail",
  close: "The end, with a message",
};

interface Props {
  form: UseFormReturnType<QueueValues>;
  /** where it is in the form: policy.steps.0.then */
  path: string;
  then: Then;
  others: readonly Queue[];
  label: string;
  /** what `next` is called, where it is one of the choices */
  next?: string;
}

/** Where a contact goes from here. */
export function ThenInput({ form, path, then, others, label, next }: Props) {
  const choices = Object.entries({ ...(next === undefined ? {} : { next }), ...LEADS });
  const to = form.getInputProps(`${path}.to`);
  return (
    <Group gap="sm" align="start">
      <Select
        label={label}
        w="13rem"
        allowDeselect={false}
        data={choices.map(([value, text]) => ({ value, label: text }))}
        {...to}
        onChange={(chosen) => {
          const changed = chosen as Then["to"];
          form.setFieldValue(path, { ...then, to: changed, queue: changed === "queue" ? (others[0]?.slug ?? null) : null });
          form.clearFieldError(`${path}.queue`);
        }}
        data-testid={`${path}-to`}
      />
      {then.to === "queue" && (
        <Select
          label="Which queue"
          w="13rem"
          allowDeselect={false}
          data={others.map((other) => ({ value: other.slug, label: other.name }))}
          {...form.getInputProps(`${path}.queue`)}
          data-testid={`${path}-queue`}
        />
      )}
      {then.to === "close" && (
        <Text size="xs" c="dimmed" maw="16rem" mt={26}>
          {then.message ? Object.values(then.message)[0] : "What is said before is written in the policy's text."}
        </Text>
      )}
    </Group>
  );
}
