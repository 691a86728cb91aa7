import { ActionIcon, Button, Checkbox, Group, MultiSelect, Paper, Select, Stack, Text, Textarea, Title } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { SecondsInput } from "./inputs";
import { STRATEGIES, beginnings, stepInWords } from "./policy";
import type { QueueValues } from "./QueueForm";
import { NEW_STEP, type Queue, type Step } from "./records";
import { ThenInput } from "./ThenInput";

const MOST = 10;
/** The service's errors point at a column. */
const FILTER_TEXT = { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "var(--mantine-font-size-xs)" };

/** The routing steps in their order: each relaxes what the one before required. */
export function Steps({ form, others }: { form: UseFormReturnType<QueueValues>; others: readonly Queue[] }) {
  const { steps } = form.values.policy;
  const begins = beginnings(steps);
  const last = steps.length - 1;
  return (
    <section aria-label="Routing steps">
      <Title order={3} size="h5">
        Routing steps
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        Who may be offered a waiting contact, and from when on. Experts never meet tier 1, whatever the steps say.
      </Text>
      <Stack gap="sm" component="ol" m={0} p={0} style={{ listStyle: "none" }}>
        {steps.map((step, nth) => (
          // steps have no identity but their place
          <Paper key={nth} component="li" withBorder p="sm" data-testid={`step-${nth}`}>
            <Group justify="space-between" wrap="nowrap" mb={8} align="start">
              <Text size="sm">
                <Text span fw={650} className="numbers">
                  from {begins[nth]}
                </Text>
                {"  "}
                <Text span c="dimmed">
                  {stepInWords(step)}
                </Text>
              </Text>
              <Group gap={2} wrap="nowrap">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  disabled={nth === 0}
                  aria-label={`Move step ${nth + 1} up`}
                  onClick={() => form.reorderListItem("policy.steps", { from: nth, to: nth - 1 })}
                >
                  <IconArrowUp size={16} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  disabled={nth === last}
                  aria-label={`Move step ${nth + 1} down`}
                  onClick={() => form.reorderListItem("policy.steps", { from: nth, to: nth + 1 })}
                >
                  <IconArrowDown size={16} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="red"
                  disabled={steps.length === 1}
                  aria-label={`Remove step ${nth + 1}`}
                  onClick={() => form.removeListItem("policy.steps", nth)}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Group>
            </Group>
            <Group align="start" gap="sm">
              <Tiers form={form} step={step} nth={nth} />
              <Select
                label="Choice among several"
                w="12rem"
                allowDeselect={false}
                data={Object.entries(STRATEGIES).map(([value, label]) => ({ value, label }))}
                {...form.getInputProps(`policy.steps.${nth}.strategy`)}
              />
              <SecondsInput
                label={nth === last && step.then.to === "next" ? "For (the last one stays)" : "For"}
                w="11rem"
                disabled={nth === last && steps.length > 1 && step.then.to === "next"}
                {...form.getInputProps(`policy.steps.${nth}.seconds`)}
              />
              <Group gap="lg" w="100%">
                <Checkbox
                  label="Must speak the language"
                  {...form.getInputProps(`policy.steps.${nth}.language`, { type: "checkbox" })}
                />
                <Checkbox
                  label="Must have the skills"
                  {...form.getInputProps(`policy.steps.${nth}.skills`, { type: "checkbox" })}
                />
                <Checkbox
                  label="Skipped while nobody can"
                  {...form.getInputProps(`policy.steps.${nth}.skip`, { type: "checkbox" })}
                  data-testid={`step-${nth}-skip`}
                />
              </Group>
            </Group>
            <Textarea
              label="Filter"
              description={nth === 0 ? "What an agent must have besides, such as agent.levels.router >= 3 AND agent.tags HAS \"mentor\"" : undefined}
              mt={8}
              autosize
              minRows={1}
              maxRows={8}
              spellCheck={false}
              styles={{ input: FILTER_TEXT, error: { ...FILTER_TEXT, whiteSpace: "pre-wrap", overflowX: "auto" } }}
              {...form.getInputProps(`policy.steps.${nth}.filter`)}
              data-testid={`step-${nth}-filter`}
            />
            <Group mt={8} align="start" gap="sm">
              <ThenInput
                form={form}
                path={`policy.steps.${nth}.then`}
                then={step.then}
                others={others}
                label="After it comes"
                next={nth === last ? "Nothing: it stays" : "The next step"}
              />
              {step.then.to !== "next" && nth < last && (
                <Text size="xs" c="var(--error)" mt={26}>
                  The steps behind this one are never reached.
                </Text>
              )}
            </Group>
          </Paper>
        ))}
      </Stack>
      <Button
        mt="sm"
        size="xs"
        variant="default"
        leftSection={<IconPlus size={14} />}
        disabled={steps.length >= MOST}
        onClick={() => form.insertListItem("policy.steps", { ...(steps.at(-1) ?? NEW_STEP), then: NEW_STEP.then })}
        data-testid="add-step"
      >
        Add a step
      </Button>
    </section>
  );
}

function Tiers({ form, step, nth }: { form: UseFormReturnType<QueueValues>; step: Step; nth: number }) {
  const field = `policy.steps.${nth}.tiers`;
  const { error } = form.getInputProps(field);
  return (
    <MultiSelect
      label="Tiers"
      w="12rem"
      data={["1", "2", "3", "4", "5", "6", "7", "8", "9"]}
      value={step.tiers.map(String)}
      onChange={(chosen) => {
        form.setFieldValue(field, chosen.map(Number));
        form.clearFieldError(field);
      }}
      error={error}
      data-testid={`step-${nth}-tiers`}
    />
  );
}
