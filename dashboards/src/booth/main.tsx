import { mount } from "../shared/mount";
import { Page } from "./Page";

mount(<Page />);
