import { ActionIcon, Button, Fieldset, Group, NumberInput, Radio, Select, SimpleGrid, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { language } from "../shared/format";
import { AttributeFields } from "./AttributeFields";
import { Editor } from "./editing";
import { Copyable, LanguageInput, LanguagesInput } from "./inputs";
import { Loading, useLoaded } from "./loading";
import { type EntryPoint, type MenuItem, type Queue, entryPoints, workspace } from "./records";

interface Values {
  kind: "phone" | "widget";
  address: string;
  name: string;
  language: string;
  languages: string[];
  menu: MenuItem[];
  origins: string[];
  customer_queue_id: string;
  expert_queue_id: string;
  priority: number;
  attributes: EntryPoint["attributes"];
}

interface Props {
  /** none: a new one */
  entryPoint?: EntryPoint;
  queues: readonly Queue[];
  onSaved: (saved: EntryPoint) => void;
  onClose: () => void;
}

export function EntryPointForm({ entryPoint, queues, onSaved, onClose }: Props) {
  const form = useForm<Values>({
    initialValues: {
      kind: entryPoint?.kind ?? "phone",
      address: entryPoint?.address ?? "",
      name: entryPoint?.name ?? "",
      language: entryPoint?.language ?? "en",
      languages: entryPoint?.languages ?? ["en"],
      menu: entryPoint?.menu ?? [],
      origins: entryPoint?.origins ?? [],
      customer_queue_id: entryPoint?.customer_queue_id ?? "",
      expert_queue_id: entryPoint?.expert_queue_id ?? "",
      priority: entryPoint?.priority ?? 0,
      attributes: entryPoint?.attributes ?? {},
    },
    validate: {
      name: (value) => (value.trim() === "" ? "Enter a name." : null),
      address: (value, { kind }) => (kind === "phone" && value.trim() === "" ? "Enter the number." : null),
      languages: (value) => (value.length === 0 ? "Choose at least one." : null),
      language: (value, { languages }) => (languages.includes(value) ? null : "It must be one of the languages."),
      customer_queue_id: (value) => (value === "" ? "Choose a queue." : null),
      expert_queue_id: (value) => (value === "" ? "Choose a queue." : null),
    },
  });
  const declared = useLoaded(workspace.read);
  const { kind, languages } = form.values;
  const choices = queues.map((queue) => ({ value: queue.id, label: queue.name }));

  return (
    <Editor
      wide
      title={entryPoint === undefined ? "New entry point" : entryPoint.name}
      form={form}
      confirm={entryPoint === undefined ? "Add" : "Save"}
      onClose={onClose}
      onSave={async (values) => {
        const { kind: chosen, address, origins, ...rest } = values;
        const body = {
          ...rest,
          ...(chosen === "phone" ? { address: address.trim() } : { origins }),
        };
        onSaved(
          entryPoint === undefined
            ? await entryPoints.create({ kind: chosen, ...body })
            : await entryPoints.change(entryPoint.id, body),
        );
      }}
    >
      {entryPoint === undefined && (
        <Radio.Group label="People come by" {...form.getInputProps("kind")}>
          <Group mt={6}>
            <Radio value="phone" label="Phone" data-testid="entry-phone" />
            <Radio value="widget" label="Chat and video on a site" data-testid="entry-widget" />
          </Group>
        </Radio.Group>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput label="Name" data-autofocus {...form.getInputProps("name")} data-testid="entry-name" />
        {kind === "phone" && (
          <TextInput
            label="Number that is dialled"
            placeholder="+49 30 5550100"
            {...form.getInputProps("address")}
            data-testid="entry-address"
          />
        )}
        <LanguagesInput label="Languages" {...form.getInputProps("languages")} />
        <LanguageInput label="The first one" description="Where nothing else tells" {...form.getInputProps("language")} />
        <Select
          label="Customers wait in"
          placeholder="Choose a queue"
          data={choices}
          allowDeselect={false}
          {...form.getInputProps("customer_queue_id")}
          value={form.values.customer_queue_id || null}
          data-testid="entry-customer-queue"
        />
        <Select
          label="Experts wait in"
          placeholder="Choose a queue"
          data={choices}
          allowDeselect={false}
          {...form.getInputProps("expert_queue_id")}
          value={form.values.expert_queue_id || null}
          data-testid="entry-expert-queue"
        />
        <NumberInput
          label="Priority"
          description="0 to 9; what it is worth is said in the queue's policy"
          min={0}
          max={9}
          allowDecimal={false}
          {...form.getInputProps("priority")}
          data-testid="entry-priority"
        />
      </SimpleGrid>
      <Loading loaded={declared}>
        {({ attributes }) => (
          <AttributeFields
            legend="Attributes of its contacts, for filters"
            names={attributes.contact}
            values={form.values.attributes}
            errorOf={(name) => form.errors[`attributes.${name}`]}
            onChange={(values) => form.setFieldValue("attributes", values)}
          />
        )}
      </Loading>
      <Menu form={form} languages={languages} />
      {kind === "widget" && (
        <>
          <TagsInput
            label="Sites that may embed it"
            description="Such as https://www.example.com. None: only this service's own pages."
            placeholder="https://…"
            acceptValueOnBlur
            {...form.getInputProps("origins")}
            data-testid="entry-origins"
          />
          {entryPoint !== undefined && (
            <div>
              <Text size="sm" fw={500} mb={4}>
                Paste this into your site, before the end of the body
              </Text>
              <Copyable
                label="the snippet"
                value={`<script src="${location.origin}/widget.js" data-widget="${entryPoint.address}" async></script>`}
              />
            </div>
          )}
        </>
      )}
    </Editor>
  );
}

/** What people choose from: spoken with its key on the phone, a list in the widget. */
function Menu({ form, languages }: { form: UseFormReturnType<Values>; languages: readonly string[] }) {
  const { menu } = form.values;
  const free = "123456789".split("").find((key) => !menu.some((item) => item.key === key)) ?? "";
  return (
    <Fieldset legend="Topics to choose from">
      <Stack gap="sm">
        {menu.length === 0 && (
          <Text size="sm" c="dimmed">
            None: people are not asked what it is about.
          </Text>
        )}
        {menu.map((_, nth) => (
          // topics have no identity but their place
          <Group key={nth} align="start" gap="sm" wrap="nowrap">
            <TextInput label="Key" w="4rem" maxLength={1} {...form.getInputProps(`menu.${nth}.key`)} />
            <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ flex: 1 }} spacing="xs">
              <TextInput
                label="Topic"
                placeholder="router"
                description="Also the skill that an agent needs"
                inputWrapperOrder={["label", "input", "description", "error"]}
                {...form.getInputProps(`menu.${nth}.topic`)}
              />
              {languages.map((tag) => (
                <TextInput
                  key={tag}
                  label={`In ${language(tag)}`}
                  lang={tag}
                  {...form.getInputProps(`menu.${nth}.label.${tag}`)}
                  value={menu[nth]?.label[tag] ?? ""}
                />
              ))}
            </SimpleGrid>
            <ActionIcon
              mt={28}
              variant="subtle"
              color="red"
              aria-label={`Remove topic ${nth + 1}`}
              onClick={() => form.removeListItem("menu", nth)}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        <Group>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlus size={14} />}
            disabled={free === ""}
            onClick={() => form.insertListItem("menu", { key: free, topic: "", label: {} })}
            data-testid="add-topic"
          >
            Add a topic
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
