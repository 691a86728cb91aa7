import { mount } from "../shared/mount";
import { OnlyFor } from "../shared/pages";
import { SignedIn } from "../shared/session";
import { Page } from "./Page";

mount(
  <SignedIn>
    <OnlyFor roles={["supervisor", "admin"]}>
      <Page />
    </OnlyFor>
  </SignedIn>,
);
