/** Inputs that several forms of the admin page share. */
import {
  ActionIcon,
  Code,
  CopyButton,
  Group,
  MultiSelect,
  type MultiSelectProps,
  NumberInput,
  type NumberInputProps,
  Select,
  type SelectProps,
  Text,
  Tooltip,
} from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useMemo } from "react";
import { language } from "../shared/format";

const TAGS =
  "ar bg bs ca cs da de el en es et fa fi fr ga gl he hi hr hu id is it ja ko lt lv mk mt nl no pl pt ro ru sk sl sq sr sv th tr uk vi zh".split(
    " ",
  );

/** Tags with names, in the order of the names; those already chosen are kept whatever they are. */
export function languageChoices(chosen: readonly string[]): { value: string; label: string }[] {
  return [...new Set([...TAGS, ...chosen])]
    .map((tag) => ({ value: tag, label: language(tag) }))
    .sort((a, b) => a.label.localeCompare(b.label));
}

export function LanguagesInput(props: Omit<MultiSelectProps, "data"> & { value?: string[] }) {
  const data = useMemo(() => languageChoices(props.value ?? []), [props.value]);
  return <MultiSelect searchable hidePickedOptions nothingFoundMessage="No such language" {...props} data={data} />;
}

export function LanguageInput(props: Omit<SelectProps, "data">) {
  const data = useMemo(() => languageChoices(props.value ? [String(props.value)] : []), [props.value]);
  return <Select searchable allowDeselect={false} {...props} data={data} />;
}

export function SecondsInput(props: NumberInputProps) {
  return <NumberInput min={0} allowDecimal={false} suffix=" s" {...props} />;
}

/** Something to copy by one press: a link, a PIN, a piece of code. */
export function Copyable({ value, label, large }: { value: string; label: string; large?: boolean }) {
  return (
    <Group wrap="nowrap" gap={8} align="center">
      <Code
        block
        fz={large ? "xl" : "sm"}
        fw={large ? 700 : undefined}
        style={{ flex: 1, whiteSpace: "pre-wrap", overflowWrap: "anywhere", letterSpacing: large ? "0.2em" : undefined }}
        data-testid="copyable"
      >
        {value}
      </Code>
      <CopyButton value={value} timeout={2500}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : `Copy ${label}`} withArrow>
            <ActionIcon
              size="lg"
              variant={copied ? "filled" : "default"}
              color={copied ? "teal" : undefined}
              aria-label={`Copy ${label}`}
              onClick={copy}
            >
              {copied ? <IconCheck size={18} /> : <IconCopy size={18} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}

export function Hint({ children }: { children: React.ReactNode }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}
