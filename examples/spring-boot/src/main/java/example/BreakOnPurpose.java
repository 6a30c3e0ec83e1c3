package example;

import java.time.Duration;

import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.web.servlet.server.ConfigurableServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.Ordered;

/**
 * Reads the property {@code FAIL} (environment, system property or application.properties) and breaks the start in
 * the way it names. A deployment tool is worth what it does when this happens.
 */
class BreakOnPurpose implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        var fail = context.getEnvironment().getProperty("FAIL", "");
        var argument = fail.contains(":") ? fail.substring(fail.indexOf(':') + 1) : "";
        switch (fail.split(":")[0]) {
            case "" -> { }
            case "exit" -> exit();
            case "never-listen" -> sleep(Duration.ofDays(1));
            case "slow-start" -> sleep(Duration.ofMillis((long) (Double.parseDouble(argument) * 1000)));
            case "elsewhere" -> listenOn(context, argument.isEmpty() ? 0 : Integer.parseInt(argument));
            case "unhealthy" -> beUnhealthy(context);
            default -> throw new IllegalArgumentException("FAIL=" + fail + " is not known");
        }
    }

    private static void exit() {
        System.err.println("FAIL=exit: the database password is wrong, giving up");
        System.exit(3);
    }

    private static void sleep(Duration time) {
        try {
            Thread.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void listenOn(ConfigurableApplicationContext context, int port) {
        ((GenericApplicationContext) context).registerBean(Elsewhere.class, () -> new Elsewhere(port));
    }

    private static void beUnhealthy(ConfigurableApplicationContext context) {
        ((GenericApplicationContext) context).registerBean("broken", HealthIndicator.class,
                () -> () -> Health.outOfService().withDetail("why", "FAIL=unhealthy").build());
    }

    private record Elsewhere(int port) implements WebServerFactoryCustomizer<ConfigurableServletWebServerFactory>,
            Ordered {

        @Override
        public void customize(ConfigurableServletWebServerFactory factory) {
            factory.setPort(port);
        }

        /** After Spring Boot's own customizer, which sets the port that was asked for. */
        @Override
        public int getOrder() {
            return LOWEST_PRECEDENCE;
        }
    }
}
