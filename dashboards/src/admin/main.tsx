import { mount } from "../shared/mount";
import { OnlyFor } from "../shared/pages";
import { SignedIn } from "../shared/session";
import { Page } from "./Page";

mount(
  <SignedIn>
    <OnlyFor roles={["admin"]}>
      <Page />
    </OnlyFor>
  </SignedIn>,
);
