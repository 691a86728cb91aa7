import "../shared/tones.css";
import { SignedIn } from "../shared/session";
import { mount } from "../shared/mount";
import { DeskPage } from "./DeskPage";

mount(
  <SignedIn>
    <DeskPage />
  </SignedIn>,
);
