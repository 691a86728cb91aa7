/** What rings: a card for each offer, noticed also in a background tab and without stealing a sentence. */
import { useEffect, useRef, useState } from "react";
import { CHANNEL_NAMES } from "../shared/icons";
import type { Offer } from "../shared/wire";
import { OfferCard } from "./OfferCard";
import * as alarm from "./alarm";
import { useDesk, useDeskState } from "./context";
import classes from "./desk.module.css";
import { tellFailure } from "./failure";
import { nameOf } from "./names";
import { rings } from "./tabs";

/** A key pressed in the moment in which the card appears was not meant for it. */
const GRACE_MS = 500;

export function Ringing() {
  const desk = useDesk();
  const { offers, answering, handlings } = useDeskState();
  const shownAt = useRef(new Map<string, number>());
  const stack = useRef<HTMLDivElement>(null);
  const [typing, setTyping] = useState(false);
  const first = offers[0];

  useEffect(() => {
    for (const { offer } of offers) {
      if (!shownAt.current.has(offer)) shownAt.current.set(offer, Date.now());
    }
    for (const offer of shownAt.current.keys()) {
      if (!offers.some((o) => o.offer === offer)) shownAt.current.delete(offer);
    }
  }, [offers]);

  const accept = (offer: Offer): void => {
    void desk.accept(offer).catch(tellFailure("This contact is no longer yours to take"));
  };
  const decline = (offer: Offer): void => {
    void desk.decline(offer).catch(tellFailure("The offer could not be declined"));
  };

  // Tone, title, icon and notification follow the first offer
  const firstId = answering === first?.offer ? undefined : first?.offer;
  useEffect(() => {
    if (first === undefined || firstId === undefined) return;
    const title = `${CHANNEL_NAMES[first.channel]} from ${nameOf(first.person)}`;
    const stops = [alarm.startBlinking(title)];
    if (rings()) {
      stops.push(alarm.startRinging());
      const role = first.person.role === "expert" ? "Expert" : "Customer";
      stops.push(alarm.notify(title, `${role} · ${first.queue.name}`, first.offer));
    }
    return () => {
      for (const stop of stops) stop();
    };
    // the offer's id stands for the offer: a repeated frame must not ring anew
  }, [firstId]);

  // The focus goes to Accept, unless somebody is writing or has a dialog open
  useEffect(() => {
    if (firstId === undefined) return;
    setTyping(isBusy(document.activeElement));
    if (isBusy(document.activeElement)) return;
    const before = document.activeElement;
    const timer = setTimeout(() => {
      if (document.activeElement === before) {
        stack.current?.querySelector<HTMLElement>("[data-accept]")?.focus({ preventScroll: true });
      }
    }, GRACE_MS);
    return () => clearTimeout(timer);
  }, [firstId]);

  useEffect(() => {
    if (first === undefined) return;
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.repeat || event.defaultPrevented) return;
      // while writing, the letters are letters; with Alt they answer
      if (isBusy(document.activeElement) && !event.altKey) return;
      if (Date.now() - (shownAt.current.get(first.offer) ?? Date.now()) < GRACE_MS) return;
      if (event.code === "KeyA") accept(first);
      else if (event.code === "KeyD") decline(first);
      else return;
      event.preventDefault();
    };
    const moved = (): void => setTyping(isBusy(document.activeElement));
    addEventListener("keydown", pressed);
    document.addEventListener("focusin", moved);
    return () => {
      removeEventListener("keydown", pressed);
      document.removeEventListener("focusin", moved);
    };
  });

  if (offers.length === 0) return null;
  return (
    <div ref={stack} className={classes.ringing} data-alone={handlings.length === 0 || undefined}>
      {offers.map((offer) => (
        <OfferCard
          key={offer.offer}
          offer={offer}
          busy={answering === offer.offer}
          keys={offer === first ? (typing ? "alt" : "plain") : null}
          accept={() => accept(offer)}
          decline={() => decline(offer)}
        />
      ))}
    </div>
  );
}

function isBusy(element: Element | null): boolean {
  if (element === null) return false;
  return (
    element.matches("input, textarea, select, [contenteditable=true]") ||
    element.closest('[role="dialog"], [role="menu"], [role="listbox"]') !== null
  );
}
