import { Container, Title } from "@mantine/core";
import { mount } from "../shared/mount";

mount(
  <Container component="main">
    <Title>Sign in</Title>
  </Container>,
);
