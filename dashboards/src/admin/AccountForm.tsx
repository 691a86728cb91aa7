import { Divider, Fieldset, Group, NumberInput, Radio, Select, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import type { StaffRole } from "../shared/wire";
import { AgentDetails } from "./AgentDetails";
import { Editor } from "./editing";
import { LanguagesInput } from "./inputs";
import { type Account, type AgentRecord, accounts } from "./records";

const NEW_AGENT: AgentRecord = {
  tier: 1,
  languages: [],
  skills: [],
  capacity: { voice: 1, chat: 3, video: 1 },
  reach: "softphone",
  reach_address: null,
  levels: {},
  qualifications: [],
  tags: [],
  location: {},
  attributes: {},
};

export interface AccountValues {
  email: string;
  name: string;
  role: StaffRole;
  answers: boolean;
  agent: AgentRecord;
}

interface Props {
  /** none: a new one is invited */
  account?: Account;
  /** skills in use, to choose from */
  skills: readonly string[];
  onSaved: (invited: { name: string; link: string } | null) => void;
  onClose: () => void;
}

/** Somebody of the staff, with or without answering contacts. */
export function AccountForm({ account, skills, onSaved, onClose }: Props) {
  const form = useForm<AccountValues>({
    initialValues: {
      email: account?.email ?? "",
      name: account?.name ?? "",
      role: account?.role ?? "agent",
      answers: account === undefined || account.agent !== null,
      agent: account?.agent ?? NEW_AGENT,
    },
    validate: {
      email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : "Enter a mail address."),
      name: (value) => (value.trim() === "" ? "Enter a name." : null),
      agent: {
        reach_address: (value, { answers, agent }) =>
          answers && agent.reach !== "softphone" && !value?.trim() ? "Enter where to call." : null,
      },
    },
  });
  const { answers } = form.values;

  return (
    <Editor
      title={account === undefined ? "Invite somebody" : account.name}
      form={form}
      confirm={account === undefined ? "Invite" : "Save"}
      onClose={onClose}
      onSave={async (values) => {
        const { reach, reach_address } = values.agent;
        const body = {
          email: values.email.trim(),
          name: values.name.trim(),
          role: values.role,
          agent: values.answers
            ? {
                ...values.agent,
                reach_address: reach === "softphone" ? null : (reach_address?.trim() ?? null),
                levels: kept(values.agent),
              }
            : null,
        };
        if (account === undefined) onSaved({ name: body.name, link: (await accounts.create(body)).link });
        else {
          await accounts.change(account.id, body);
          onSaved(null);
        }
      }}
    >
      <TextInput label="Name" data-autofocus autoComplete="off" {...form.getInputProps("name")} data-testid="account-name-input" />
      <TextInput label="Mail address" type="email" autoComplete="off" {...form.getInputProps("email")} data-testid="account-email" />
      <Select
        label="Role"
        allowDeselect={false}
        data={[
          { value: "agent", label: "Agent: answers contacts" },
          { value: "supervisor", label: "Supervisor: watches and steers" },
          { value: "admin", label: "Admin: everything" },
        ]}
        {...form.getInputProps("role")}
        onChange={(role) => {
          form.setFieldValue("role", (role ?? "agent") as StaffRole);
          if (role === "agent") form.setFieldValue("answers", true);
        }}
        data-testid="account-role"
      />
      {form.values.role !== "agent" && (
        <Switch
          label="Answers contacts too"
          {...form.getInputProps("answers", { type: "checkbox" })}
          data-testid="account-answers"
        />
      )}
      {answers && <AgentFields form={form} skills={skills} />}
    </Editor>
  );
}

/** Levels of what they still have: a skill that was taken away takes its level along. */
function kept({ levels, skills, languages }: AgentRecord): Record<string, number> {
  return Object.fromEntries(Object.entries(levels).filter(([name]) => skills.includes(name) || languages.includes(name)));
}

function AgentFields({ form, skills }: { form: UseFormReturnType<AccountValues>; skills: readonly string[] }) {
  const { reach } = form.values.agent;
  return (
    <>
      <Divider label="As an agent" labelPosition="left" />
      <NumberInput
        label="Tier"
        description="1: freelancers of the crowd; 2 and above: the house"
        min={1}
        max={9}
        allowDecimal={false}
        {...form.getInputProps("agent.tier")}
        data-testid="agent-tier-input"
      />
      <LanguagesInput label="Languages" {...form.getInputProps("agent.languages")} />
      <TagsInput
        label="Skills"
        description="Small letters, digits and hyphens. Press Enter after each."
        data={[...skills]}
        splitChars={[",", ";"]}
        {...form.getInputProps("agent.skills")}
      />
      <Fieldset legend="At the same time, at most">
        <Group grow>
          <NumberInput label="Calls" min={0} max={1} allowDecimal={false} {...form.getInputProps("agent.capacity.voice")} />
          <NumberInput label="Chats" min={0} max={20} allowDecimal={false} {...form.getInputProps("agent.capacity.chat")} />
          <NumberInput label="Videos" min={0} max={1} allowDecimal={false} {...form.getInputProps("agent.capacity.video")} />
          <NumberInput
            label="In all"
            placeholder="any"
            min={1}
            max={22}
            allowDecimal={false}
            {...form.getInputProps("agent.capacity.all")}
            value={form.values.agent.capacity.all ?? ""}
            onChange={(all) => form.setFieldValue("agent.capacity.all", all === "" ? null : Number(all))}
            data-testid="capacity-all"
          />
        </Group>
      </Fieldset>
      <Radio.Group label="Calls are answered" {...form.getInputProps("agent.reach")}>
        <Group mt={6}>
          <Radio value="softphone" label="In the browser" />
          <Radio value="phone" label="On a phone" />
          <Radio value="sip" label="At a SIP address" />
        </Group>
      </Radio.Group>
      {reach !== "softphone" && (
        <TextInput
          label={reach === "phone" ? "Phone number" : "SIP address"}
          placeholder={reach === "phone" ? "+49 30 1234567" : "sip:ana@example.org"}
          {...form.getInputProps("agent.reach_address")}
          value={form.values.agent.reach_address ?? ""}
          data-testid="reach-address"
        />
      )}
      {reach === "phone" && (
        <Text size="xs" c="dimmed">
          The phone asks to press 1, so that a mailbox never takes a call.
        </Text>
      )}
      <AgentDetails form={form} />
    </>
  );
}
