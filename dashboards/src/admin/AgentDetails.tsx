import { Accordion, Fieldset, Group, NumberInput, SimpleGrid, TagsInput, Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { language } from "../shared/format";
import type { AccountValues } from "./AccountForm";
import { AttributeFields, changed } from "./AttributeFields";
import { Loading, useLoaded } from "./loading";
import { type AgentRecord, workspace } from "./records";

/** What routing filters may ask of an agent besides tier, languages and skills. */
export function AgentDetails({ form }: { form: UseFormReturnType<AccountValues> }) {
  const declared = useLoaded(workspace.read);
  const { agent } = form.values;
  return (
    <Accordion variant="contained" chevronPosition="left">
      <Accordion.Item value="details">
        <Accordion.Control data-testid="agent-details">
          <Text size="sm" fw={550}>
            For routing filters
          </Text>
          <Text size="xs" c="dimmed">
            {filled(agent) || "levels, qualifications, tags, place, own attributes"}
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Levels form={form} />
          <TagsInput
            label="Qualifications"
            description="Tests passed and certificates held. Press Enter after each."
            mt="sm"
            {...form.getInputProps("agent.qualifications")}
          />
          <TagsInput label="Tags" mt="sm" {...form.getInputProps("agent.tags")} data-testid="agent-tags" />
          <Place form={form} />
          <Loading loaded={declared}>
            {({ attributes }) => (
              <AttributeFields
                legend="Own attributes"
                names={attributes.agent}
                values={agent.attributes}
                errorOf={(name) => form.errors[`agent.attributes.${name}`]}
                onChange={(values) => form.setFieldValue("agent.attributes", values)}
              />
            )}
          </Loading>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

/** How many of the details are given, in words. */
function filled(agent: AgentRecord): string {
  const place = Object.values(agent.location).filter(Boolean).join(", ");
  const counted = [
    [Object.keys(agent.levels).length, "level"],
    [agent.qualifications.length, "qualification"],
    [agent.tags.length, "tag"],
    [Object.keys(agent.attributes).length, "attribute"],
  ] as const;
  return [...counted.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}${n === 1 ? "" : "s"}`), place]
    .filter(Boolean)
    .join(", ");
}

/** A level for each language and skill that they have. */
function Levels({ form }: { form: UseFormReturnType<AccountValues> }) {
  const { languages, skills, levels } = form.values.agent;
  if (languages.length + skills.length === 0) return null;
  return (
    <Fieldset legend="Levels, 0 to 10">
      <SimpleGrid cols={{ base: 2, xs: 3 }}>
        {[...languages, ...skills].map((name) => (
          <NumberInput
            key={name}
            label={languages.includes(name) ? language(name) : name}
            min={0}
            max={10}
            allowDecimal={false}
            value={levels[name] ?? ""}
            error={form.errors[`agent.levels.${name}`]}
            onChange={(level) => form.setFieldValue("agent.levels", changed(levels, name, level === "" ? null : Number(level)))}
            data-testid={`level-${name}`}
          />
        ))}
      </SimpleGrid>
    </Fieldset>
  );
}

function Place({ form }: { form: UseFormReturnType<AccountValues> }) {
  const { location } = form.values.agent;
  const input = (name: "country" | "region" | "city", text: string) => (
    <TextInput
      label={text}
      {...(name === "country" ? { placeholder: "DE", maxLength: 2 } : {})}
      value={location[name] ?? ""}
      error={form.errors[`agent.location.${name}`]}
      onChange={(event) => form.setFieldValue("agent.location", changed(location, name, event.currentTarget.value || null))}
      data-testid={`location-${name}`}
    />
  );
  return (
    <Fieldset legend="Where they work" mt="sm">
      <Group grow align="start">
        {input("country", "Country")}
        {input("region", "Region")}
        {input("city", "City")}
      </Group>
    </Fieldset>
  );
}
