/** Where the agent writes. Drafts stay with their contact, also across a reload. */
import { ActionIcon, Textarea } from "@mantine/core";
import { IconSend2 } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useDesk } from "./context";
import classes from "./desk.module.css";
import { remember, remembered } from "./storage";

const LONGEST = 4000;

export function Composer({ contact }: { contact: string }) {
  const desk = useDesk();
  const draft = `draft.${contact}`;
  const [text, setText] = useState(() => remembered(draft) ?? "");
  const field = useRef<HTMLTextAreaElement>(null);

  // Opening a conversation is a wish to write in it, but never takes the keys from another field
  useEffect(() => {
    const active = document.activeElement;
    if (active === null || !active.matches("input, textarea, [contenteditable=true]")) field.current?.focus();
  }, [contact]);

  const change = (value: string): void => {
    setText(value);
    remember(draft, value === "" ? null : value);
  };
  const send = (): void => {
    const said = text.trim();
    if (said === "") return;
    desk.say(contact, said);
    change("");
    field.current?.focus();
  };

  return (
    <form
      className={classes.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Textarea
        ref={field}
        aria-label="Message"
        placeholder="Write a message"
        autosize
        minRows={1}
        maxRows={8}
        maxLength={LONGEST}
        flex={1}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
        onKeyDown={(event) => {
          // Enter that confirms a composed character is not a wish to send
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
        data-testid="composer"
      />
      <ActionIcon type="submit" size={36} aria-label="Send" disabled={text.trim() === ""} data-testid="send">
        <IconSend2 size={19} />
      </ActionIcon>
    </form>
  );
}
