/** Colours and type of the staff pages: quiet greys, one petrol accent, amber only for what rings. */
import { Badge, Drawer, Modal, type MantineColorsTuple, type MantineThemeOverride, createTheme } from "@mantine/core";

const petrol: MantineColorsTuple = [
  "#e9f6f8",
  "#d3eaee",
  "#a6d5dd",
  "#75bfcb",
  "#4dacbc",
  "#339fb2",
  "#1b7d8f",
  "#0f6f81",
  "#0a5a6a",
  "#034654",
];

const slate: MantineColorsTuple = [
  "#f6f8f9",
  "#edf0f2",
  "#dfe4e8",
  "#ccd4da",
  "#abb6bf",
  "#8a97a3",
  "#667481",
  "#495662",
  "#323d48",
  "#1d252d",
];

const night: MantineColorsTuple = [
  "#d5dbe0",
  "#b9c2ca",
  "#98a4ae",
  "#6f7c88",
  "#46525d",
  "#323c46",
  "#252d35",
  "#1b2229",
  "#141a20",
  "#0e1317",
];

export const theme: MantineThemeOverride = createTheme({
  primaryColor: "petrol",
  primaryShade: { light: 7, dark: 6 },
  colors: { petrol, gray: slate, dark: night },
  autoContrast: true,
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily:
    'Inter, "Segoe UI Variable Text", "Segoe UI", system-ui, -apple-system, "Noto Sans", "Liberation Sans", sans-serif',
  components: {
    // capitals are read slower, and these are read all day
    Badge: Badge.extend({ defaultProps: { tt: "none" } }),
    // a cross says nothing to those who do not see it
    Drawer: Drawer.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }),
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }),
  },
  headings: { fontWeight: "650" },
});
