import { ActionIcon, Button, Group, NumberInput, Paper, Select, Stack, Text, Title } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { QueueValues } from "./QueueForm";
import type { Overflow, Queue } from "./records";
import { ThenInput } from "./ThenInput";

const WHEN: Record<Overflow["on"], string> = {
  wait: "It has waited",
  length: "So many wait already",
  nobody: "Nobody there could serve it for",
};
const MOST = 10;

/** When a contact goes elsewhere instead of waiting on. */
export function Overflows({ form, others }: { form: UseFormReturnType<QueueValues>; others: readonly Queue[] }) {
  const { overflow } = form.values.policy;
  return (
    <section aria-label="Overflow">
      <Title order={3} size="h5">
        Overflow
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        When a contact goes elsewhere instead of waiting on. What comes first counts.
      </Text>
      <Stack gap="sm" component="ol" m={0} p={0} style={{ listStyle: "none" }}>
        {overflow.map((each, nth) => (
          <Paper key={nth} component="li" withBorder p="sm" data-testid={`overflow-${nth}`}>
            <Group align="start" gap="sm" wrap="wrap">
              <Select
                label="When"
                w="15rem"
                allowDeselect={false}
                data={Object.entries(WHEN).map(([value, label]) => ({ value, label }))}
                {...form.getInputProps(`policy.overflow.${nth}.on`)}
              />
              <NumberInput
                label={each.on === "length" ? "Contacts" : "Time"}
                w="8rem"
                min={0}
                allowDecimal={false}
                suffix={each.on === "length" ? "" : " s"}
                {...form.getInputProps(`policy.overflow.${nth}.most`)}
              />
              <ThenInput form={form} path={`policy.overflow.${nth}.then`} then={each.then} others={others} label="Then comes" />
              <ActionIcon
                variant="subtle"
                color="red"
                mt={26}
                aria-label={`Remove overflow ${nth + 1}`}
                onClick={() => form.removeListItem("policy.overflow", nth)}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
          </Paper>
        ))}
      </Stack>
      <Button
        mt={overflow.length > 0 ? "sm" : 0}
        size="xs"
        variant="default"
        leftSection={<IconPlus size={14} />}
        disabled={overflow.length >= MOST}
        onClick={() => form.insertListItem("policy.overflow", { on: "wait", most: 600, then: { to: "callback", queue: null, message: null } })}
        data-testid="add-overflow"
      >
        Add an overflow
      </Button>
    </section>
  );
}
