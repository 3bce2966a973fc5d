<?php

declare(strict_types=1);

namespace Pusher;

/** Seals the events of encrypted channels with libsodium, which PHP has built in. The master key is 32 bytes in Base64. */
class Vault
{
    private string $masterKey;

    public function __construct(string $masterKey)
    {
        $this->masterKey = sodium_base642bin($masterKey, SODIUM_BASE64_VARIANT_ORIGINAL);
    }

    /** The channel's key: what subscribers are handed as shared_secret. */
    public function keyOf(string $channel): string
    {
        return hash('sha256', $channel.$this->masterKey, true);
    }

    /** JSON with nonce and ciphertext, as pusher-js opens it. */
    public function seal(string $channel, string $data): string
    {
        $nonce = random_bytes(SODIUM_CRYPTO_SECRETBOX_NONCEBYTES);
        $box = sodium_crypto_secretbox($data, $nonce, $this->keyOf($channel));

        return json_encode(['nonce' => base64_encode($nonce), 'ciphertext' => base64_encode($box)], JSON_THROW_ON_ERROR);
    }
}
