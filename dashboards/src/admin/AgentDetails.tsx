import { Accordion, CloseButton, Fieldset, Group, NumberInput, Select, SimpleGrid, TagsInput, Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { ReactNode } from "react";
import type { AccountValues } from "./AccountForm";
import { label, language } from "../shared/format";
import { Loading, useLoaded } from "./loading";
import { type AttributeType, type AttributeValue, type AgentRecord, workspace } from "./records";

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
          <Loading loaded={declared}>{({ attributes }) => <Own form={form} names={attributes.agent} />}</Loading>
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

/** The workspace's own attributes, each by its type. */
function Own({ form, names }: { form: UseFormReturnType<AccountValues>; names: Record<string, AttributeType> }) {
  const { attributes } = form.values.agent;
  const left = Object.keys(attributes).filter((name) => !(name in names));
  if (Object.keys(names).length + left.length === 0) return null;
  return (
    <Fieldset legend="Own attributes" mt="sm">
      {left.map((name) => (
        <TextInput
          key={name}
          label={label(name)}
          description="No longer declared by the workspace's rules: remove it to save."
          readOnly
          value={String(attributes[name])}
          error={form.errors[`agent.attributes.${name}`]}
          rightSection={
            <CloseButton
              aria-label={`Remove ${label(name)}`}
              onClick={() => form.setFieldValue("agent.attributes", changed(attributes, name, null))}
            />
          }
        />
      ))}
      {Object.entries(names).map(([name, kind]): ReactNode => {
        const value = attributes[name];
        const set = (fresh: AttributeValue | null) =>
          form.setFieldValue("agent.attributes", changed(attributes, name, fresh));
        const common = {
          label: label(name),
          error: form.errors[`agent.attributes.${name}`],
          mt: 4,
          "data-testid": `attribute-${name}`,
        };
        switch (kind) {
          case "number":
            return (
              <NumberInput
                key={name}
                {...common}
                value={typeof value === "number" ? value : ""}
                onChange={(fresh) => set(fresh === "" ? null : Number(fresh))}
              />
            );
          case "flag":
            return (
              <Select
                key={name}
                {...common}
                clearable
                placeholder="not said"
                data={["yes", "no"]}
                value={value === undefined ? null : value === true ? "yes" : "no"}
                onChange={(fresh) => set(fresh === null ? null : fresh === "yes")}
              />
            );
          case "list":
            return (
              <TagsInput
                key={name}
                {...common}
                value={Array.isArray(value) ? value : []}
                onChange={(fresh) => set(fresh.length === 0 ? null : fresh)}
              />
            );
          default:
            return (
              <TextInput
                key={name}
                {...common}
                value={typeof value === "string" ? value : ""}
                onChange={(event) => set(event.currentTarget.value || null)}
              />
            );
        }
      })}
    </Fieldset>
  );
}

/** The same with one value set, or with null taken away. */
function changed<T>(values: Record<string, T>, name: string, value: T | null): Record<string, T> {
  const { [name]: _, ...rest } = values;
  return value === null ? rest : { ...rest, [name]: value };
}
