package example;

import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

import example.ShopApplication.Identity;

@RestController
class ShopController implements DisposableBean {

    private final Identity identity;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

    ShopController(Identity identity) {
        this.identity = identity;
    }

    @GetMapping(path = "/", produces = MediaType.TEXT_HTML_VALUE)
    String page() {
        return "<!doctype html><title>shop</title><h1>shop %s</h1><p>release %s in slot %s</p>%n"
                .formatted(identity.version(), identity.release(), identity.slot());
    }

    @GetMapping("/version")
    Identity version() {
        return identity;
    }

    @GetMapping("/slow")
    Identity slow(@RequestParam(defaultValue = "1000") long ms) throws InterruptedException {
        Thread.sleep(ms);
        return identity;
    }

    /** The raw body, as it came: Spring's own conversion would rewrite a form. */
    @PostMapping("/echo")
    void echo(HttpServletRequest request, HttpServletResponse response) throws IOException {
        var body = request.getInputStream().readAllBytes();
        response.setContentType(request.getContentType());
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    @GetMapping("/events")
    SseEmitter events(@RequestParam(defaultValue = "100") long ms) {
        var emitter = new SseEmitter(0L);
        var count = new AtomicLong();
        ScheduledFuture<?> ticking = clock.scheduleAtFixedRate(() -> {
            try {
                emitter.send(SseEmitter.event().id(Long.toString(count.incrementAndGet())).data(identity));
            } catch (IOException | IllegalStateException gone) {
                emitter.completeWithError(gone);
                throw new IllegalStateException("stops the clock of this client", gone);
            }
        }, 0, ms, TimeUnit.MILLISECONDS);
        emitter.onCompletion(() -> ticking.cancel(false));
        return emitter;
    }

    /** {@code exit} shuts down in good order, {@code halt} is what a crash or the kernel's OOM killer does. */
    @PostMapping("/die")
    ResponseEntity<Void> die(@RequestParam(defaultValue = "exit") String how) {
        clock.schedule(() -> new Thread(() -> end(how)).start(), 20, TimeUnit.MILLISECONDS);
        return ResponseEntity.accepted().build();
    }

    private static void end(String how) {
        if (how.equals("halt")) {
            Runtime.getRuntime().halt(9);
        }
        System.exit(1);
    }

    @Override
    public void destroy() {
        clock.shutdownNow();
    }
}
