package io.pgbk.cli.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CipherProviderOrderTest {
    @Test
    void ciphersStandBehindDigestsAndAllElseKeepsItsOrder() {
        assertThat(CipherProviderOrder.of(List.of("SUN", "SunRsaSign", "SunEC", "SunJCE", "SunPKCS11")))
                .containsExactly("SUN", "SunJCE", "SunRsaSign", "SunEC", "SunPKCS11");
    }

    @Test
    void whatIsInThatOrderStaysAndAListWithoutThemToo() {
        assertThat(CipherProviderOrder.of(List.of("SUN", "SunJCE", "SunEC"))).containsExactly("SUN", "SunJCE", "SunEC");
        assertThat(CipherProviderOrder.of(List.of("Other", "SunEC"))).containsExactly("Other", "SunEC");
        assertThat(CipherProviderOrder.of(List.of("SunJCE"))).containsExactly("SunJCE");
    }
}
