import { CloseButton, Fieldset, NumberInput, Select, TagsInput, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { label } from "../shared/format";
import type { AttributeType, AttributeValue } from "./records";

interface Props {
  legend: string;
  /** as the workspace's rules declare them */
  names: Record<string, AttributeType>;
  values: Record<string, AttributeValue>;
  errorOf: (name: string) => ReactNode;
  onChange: (values: Record<string, AttributeValue>) => void;
}

/** The workspace's own attributes, each by its type. */
export function AttributeFields({ legend, names, values, errorOf, onChange }: Props) {
  const left = Object.keys(values).filter((name) => !(name in names));
  if (Object.keys(names).length + left.length === 0) return null;
  return (
    <Fieldset legend={legend} mt="sm">
      {left.map((name) => (
        <TextInput
          key={name}
          label={label(name)}
          description="No longer declared by the workspace's rules: remove it to save."
          readOnly
          value={String(values[name])}
          error={errorOf(name)}
          rightSection={
            <CloseButton
              aria-label={`Remove ${label(name)}`}
              onClick={() => onChange(changed(values, name, null))}
            />
          }
        />
      ))}
      {sorted(names).map(([name, kind]): ReactNode => {
        const value = values[name];
        const set = (fresh: AttributeValue | null) => onChange(changed(values, name, fresh));
        const common = {
          label: label(name),
          error: errorOf(name),
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

/** The service keeps no order of them. */
function sorted(names: Props["names"]) {
  return Object.entries(names).sort(([a], [b]) => a.localeCompare(b));
}

/** The same with one value set, or with null taken away. */
export function changed<T>(values: Record<string, T>, name: string, value: T | null): Record<string, T> {
  const { [name]: _, ...rest } = values;
  return value === null ? rest : { ...rest, [name]: value };
}
