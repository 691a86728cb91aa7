import { Fieldset, Group, JsonInput, NumberInput, SegmentedControl, Select, SimpleGrid, Switch, Text, TextInput } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { useState } from "react";
import { ApiError } from "../shared/http";
import { Editor } from "./editing";
import { Hint, SecondsInput } from "./inputs";
import { Overflows } from "./Overflows";
import { slugOf } from "./policy";
import { NEW_POLICY, NEW_STEP, type Policy, type Queue, queues } from "./records";
import { Steps } from "./Steps";

export interface QueueValues {
  slug: string;
  name: string;
  policy: Policy;
}

interface Props {
  /** none: a new one */
  queue?: Queue;
  others: readonly Queue[];
  onSaved: () => void;
  onClose: () => void;
}

export function QueueForm({ queue, others, onSaved, onClose }: Props) {
  const [view, setView] = useState("form");
  const [raw, setRaw] = useState("");
  const [rawError, setRawError] = useState<string | null>(null);
  const form = useForm<QueueValues>({
    initialValues: { slug: queue?.slug ?? "", name: queue?.name ?? "", policy: queue?.policy ?? NEW_POLICY },
    validate: { name: (value) => (value.trim() === "" ? "Enter a name." : null) },
  });

  /** The text's policy into the form; false where it is no JSON object. */
  function takeRaw(): boolean {
    try {
      const policy = JSON.parse(raw) as unknown;
      if (typeof policy !== "object" || policy === null || Array.isArray(policy)) throw new Error("It is not an object.");
      // what the text leaves out has its default, as in the service
      const given = { ...NEW_POLICY, ...policy } as Policy;
      if (!Array.isArray(given.steps)) throw new Error("Its steps are no list.");
      const steps = given.steps.map((step) => ({ ...NEW_STEP, ...step, then: { ...NEW_STEP.then, ...step.then } }));
      form.setFieldValue("policy", { ...given, steps });
      setRawError(null);
      return true;
    } catch (cause) {
      setRawError(`This is not JSON that can be read: ${(cause as Error).message}`);
      return false;
    }
  }

  return (
    <Editor
      wide
      title={queue === undefined ? "New queue" : queue.name}
      form={form}
      confirm={queue === undefined ? "Make the queue" : "Save"}
      onClose={onClose}
      onSave={async (values) => {
        if (view === "raw" && !takeRaw()) {
          throw new ApiError(0, { code: "malformed", message: "The policy is not JSON that can be read." });
        }
        const policy = view === "raw" ? (JSON.parse(raw) as Policy) : values.policy;
        const slug = values.slug.trim() || slugOf(values.name);
        const body = { name: values.name.trim(), slug, policy };
        if (queue === undefined) await queues.create(body);
        else await queues.change(queue.id, body);
        onSaved();
      }}
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput label="Name" data-autofocus {...form.getInputProps("name")} data-testid="queue-name" />
        <TextInput
          label="Short name"
          description="In references: small letters, digits and hyphens"
          placeholder={slugOf(form.values.name)}
          inputWrapperOrder={["label", "input", "description", "error"]}
          {...form.getInputProps("slug")}
          data-testid="queue-slug"
        />
      </SimpleGrid>
      <SegmentedControl
        aria-label="How to edit the policy"
        value={view}
        onChange={(next) => {
          if (next === "raw") {
            setRaw(JSON.stringify(form.values.policy, null, 2));
            setRawError(null);
          } else if (!takeRaw()) return;
          setView(next);
        }}
        data={[
          { value: "form", label: "Policy" },
          { value: "raw", label: "As JSON" },
        ]}
        data-testid="policy-view"
      />
      {view === "raw" ? (
        <JsonInput
          label="Policy"
          autosize
          minRows={16}
          maxRows={32}
          formatOnBlur
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={raw}
          onChange={(text) => {
            setRaw(text);
            setRawError(null);
            form.setFieldValue("policy", { ...form.values.policy });
          }}
          error={rawError ?? rawErrors(form)}
          data-testid="policy-raw"
        />
      ) : (
        <PolicyFields form={form} others={others.filter((other) => other.id !== queue?.id)} />
      )}
    </Editor>
  );
}

/** The service's errors on the policy, which have no fields of their own in the text. */
function rawErrors(form: UseFormReturnType<QueueValues>): string | null {
  const errors = Object.entries(form.errors).filter(([field]) => field.startsWith("policy"));
  return errors.length === 0 ? null : errors.map(([field, why]) => `${field}: ${String(why)}`).join("\n");
}

function PolicyFields({ form, others }: { form: UseFormReturnType<QueueValues>; others: readonly Queue[] }) {
  const at = (field: string) => form.getInputProps(`policy.${field}`);
  const on = (field: string) => form.getInputProps(`policy.${field}`, { type: "checkbox" });
  const share = at("target.share");
  return (
    <>
      <Steps form={form} others={others} />
      <Overflows form={form} others={others} />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Fieldset legend="Service level target">
          <Group grow align="start">
            <NumberInput
              label="Share answered"
              min={1}
              max={100}
              allowDecimal={false}
              suffix=" %"
              {...share}
              value={typeof share["value"] === "number" ? Math.round(share["value"] * 100) : ""}
              onChange={(value) => form.setFieldValue("policy.target.share", typeof value === "number" ? value / 100 : 0)}
              data-testid="target-share"
            />
            <SecondsInput label="Within" {...at("target.seconds")} data-testid="target-seconds" />
          </Group>
        </Fieldset>
        <Fieldset legend="After a contact">
          <SecondsInput label="Wrap-up ends by itself after" {...at("wrap_up_seconds")} />
        </Fieldset>
        <Fieldset legend="An offer rings for">
          <Group grow align="start">
            <SecondsInput label="Calls" {...at("offer_seconds.voice")} data-testid="offer-voice" />
            <SecondsInput label="Chats" {...at("offer_seconds.chat")} />
            <SecondsInput label="Videos" {...at("offer_seconds.video")} />
          </Group>
        </Fieldset>
        <Fieldset legend="Otherwise">
          <Select
            label="An agent escalates to"
            placeholder="Nowhere"
            clearable
            mb="xs"
            data={others.map((other) => ({ value: other.slug, label: other.name }))}
            {...at("escalates_to")}
            data-testid="escalates-to"
          />
          <SecondsInput label="After a decline or miss, the same agent is asked again after" {...at("retry_seconds")} />
        </Fieldset>
        <Fieldset legend="Head start">
          <Group grow align="start">
            <SecondsInput label="Everybody" {...at("head_start_seconds")} />
            <SecondsInput label="Experts" {...at("expert_head_start_seconds")} />
          </Group>
          <Group grow align="start" mt="xs">
            <NumberInput label="Per customer" min={0} suffix=" s" {...at("network_seconds")} />
            <NumberInput label="At most" min={0} allowDecimal={false} suffix=" customers" {...at("network_cap")} />
          </Group>
          <Text size="xs" c="dimmed" mt={6}>
            They count as having waited so much longer than they did. An expert gets more for each customer of their network.
          </Text>
        </Fieldset>
        <Fieldset legend="A silent chat">
          <Group grow align="start">
            <SecondsInput label="Warned after" {...at("chat.warn_seconds")} />
            <SecondsInput label="Ended after" {...at("chat.end_seconds")} />
          </Group>
          <SecondsInput mt="xs" label="Gone people have abandoned after" {...at("chat.vanished_seconds")} />
        </Fieldset>
      </SimpleGrid>
      <Fieldset legend="Offered to waiting callers">
        <Group align="end" gap="xl">
          <Switch label="Callback" {...on("callback")} />
          <NumberInput label="Calls until unreachable" min={1} max={10} w="14rem" {...at("callback_tries")} />
          <Switch label="Voicemail" {...on("voicemail")} />
        </Group>
      </Fieldset>
      <Hint>People who wait now follow the new policy too. Hours, closing messages and what else a policy has are written in its text.</Hint>
    </>
  );
}
