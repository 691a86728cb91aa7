import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./base.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { theme } from "./theme";

/** Puts a page into its document: theme, light or dark as the system wants, notifications. */
export function mount(page: ReactNode): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("The document has no #root");
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <Notifications position="top-right" />
        {page}
      </MantineProvider>
    </StrictMode>,
  );
}
