import { NumberInput, Switch, TagsInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { Editor } from "./editing";
import { LanguagesInput } from "./inputs";
import { type Expert, experts } from "./records";

interface Props {
  /** none: a new one */
  expert?: Expert;
  onSaved: () => void;
  onClose: () => void;
}

export function ExpertForm({ expert, onSaved, onClose }: Props) {
  const form = useForm({
    initialValues: {
      number: expert?.number ?? "",
      name: expert?.name ?? "",
      phones: expert?.phones ?? [],
      mail: expert?.mail ?? "",
      account: expert?.account ?? "",
      languages: expert?.languages ?? [],
      network_size: expert?.network_size ?? 0,
      active: expert?.active ?? true,
    },
    validate: {
      number: (value) => (/^[0-9]{4,12}$/.test(value.trim()) ? null : "An expert number has 4 to 12 digits."),
      name: (value) => (value.trim() === "" ? "Enter a name." : null),
    },
  });
  return (
    <Editor
      title={expert === undefined ? "New expert" : (expert.name ?? expert.number)}
      form={form}
      confirm={expert === undefined ? "Add" : "Save"}
      onClose={onClose}
      onSave={async (values) => {
        if (expert === undefined) await experts.create(values);
        else {
          // the number is what the expert is known by: it does not change
          const { number: _, ...rest } = values;
          await experts.change(expert.id, rest);
        }
        onSaved();
      }}
    >
      <TextInput
        label="Expert number"
        description="What the expert types on the phone's keypad, with the PIN"
        inputMode="numeric"
        data-autofocus
        disabled={expert !== undefined}
        {...form.getInputProps("number")}
        data-testid="expert-number"
      />
      <TextInput label="Name" {...form.getInputProps("name")} data-testid="expert-name" />
      <TagsInput
        label="Phone numbers"
        description="A call from one of these gets the expert lane. Press Enter after each."
        splitChars={[",", ";"]}
        acceptValueOnBlur
        {...form.getInputProps("phones")}
        data-testid="expert-phones"
      />
      <TextInput label="Mail address" type="email" {...form.getInputProps("mail")} />
      <TextInput
        label="Account at your site"
        description="The subject (sub) of the tokens that your site signs"
        {...form.getInputProps("account")}
      />
      <LanguagesInput label="Languages" {...form.getInputProps("languages")} />
      <NumberInput
        label="Network"
        description="How many customers the expert looks after"
        min={0}
        allowDecimal={false}
        {...form.getInputProps("network_size")}
      />
      <Switch label="Active" {...form.getInputProps("active", { type: "checkbox" })} />
    </Editor>
  );
}
