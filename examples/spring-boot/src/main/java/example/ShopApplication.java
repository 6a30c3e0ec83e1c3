package example;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

@SpringBootApplication
public class ShopApplication {

    public static void main(String[] args) {
        var app = new SpringApplication(ShopApplication.class);
        app.addInitializers(new BreakOnPurpose());
        app.run(args);
    }

    /** What cutover told this process about itself. */
    public record Identity(String version, String release, String slot, long pid) {
    }

    @Bean
    Identity identity(Environment env, BuildProperties build) {
        return new Identity(
                env.getProperty("APP_VERSION", build.getVersion()),
                env.getProperty("CUTOVER_RELEASE", ""),
                env.getProperty("CUTOVER_SLOT", ""),
                ProcessHandle.current().pid());
    }
}
