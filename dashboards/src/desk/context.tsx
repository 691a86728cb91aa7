/** The desk as React sees it. */
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Desk, VideoInHand } from "./desk";
import type { PhoneView } from "./phone/phone";
import type { DeskState } from "./state";

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error("useDesk outside of the desk");
  return desk;
}

export function useDeskState(): DeskState {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, desk.state);
}

export function useVideo(): VideoInHand | null {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, desk.video);
}

export function usePhone(): PhoneView {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, desk.phone.view);
}
