/** Notes taken while talking: they become the wrap-up's note. */
import { Textarea } from "@mantine/core";
import { useState } from "react";
import type { Handling } from "../shared/wire";
import classes from "./desk.module.css";
import { keepWrapping, wrapping } from "./wrapping";

export function Notes({ handling }: { handling: Handling }) {
  const [note, setNote] = useState(() => wrapping(handling).note);
  return (
    <div className={classes.notes}>
      <Textarea
        label="Notes"
        description="Kept for the wrap-up. The caller does not see them."
        maxLength={4000}
        value={note}
        onChange={(event) => {
          setNote(event.currentTarget.value);
          keepWrapping(handling, { note: event.currentTarget.value });
        }}
        data-testid="notes"
      />
    </div>
  );
}
