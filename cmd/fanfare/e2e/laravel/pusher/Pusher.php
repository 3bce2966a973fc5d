<?php

declare(strict_types=1);

namespace Pusher;

/**
 * Stands in for version 7 of Pusher's PHP library, which is in no package of Debian's. It has the methods that Laravel and this
 * application call, under the same names and with the same answers.
 */
class Pusher
{
    private ?Vault $vault = null;

    /** The options are those of config/broadcasting.php: host, port, scheme, and a master key for encrypted channels. */
    public function __construct(private string $key, private string $secret, private string $appId, private array $options)
    {
        if (isset($options['encryption_master_key_base64'])) {
            $this->vault = new Vault($options['encryption_master_key_base64']);
        }
    }

    /** Signs a subscription to a private channel; $channelData is signed with it. The answer is JSON for the client. */
    public function socket_auth(string $channel, string $socketId, ?string $channelData = null): string
    {
        $this->checkChannel($channel);
        $answer = ['auth' => $this->sign(implode(':', array_filter([$this->checked($socketId), $channel, $channelData])))];
        if ($channelData !== null) {
            $answer['channel_data'] = $channelData;
        }
        if ($this->isEncrypted($channel)) {
            $answer['shared_secret'] = base64_encode($this->vault()->keyOf($channel));
        }

        return json_encode($answer, JSON_THROW_ON_ERROR);
    }

    /** Signs a subscription to a presence channel. Whatever a user id was, it becomes a string here. */
    public function presence_auth(string $channel, string $socketId, string $userId, $userInfo = null): string
    {
        $member = ['user_id' => $userId] + ($userInfo ? ['user_info' => $userInfo] : []);

        return $this->socket_auth($channel, $socketId, json_encode($member, JSON_THROW_ON_ERROR));
    }

    /** Signs a user in. The data has a string id. */
    public function authenticateUser(string $socketId, array $userData): string
    {
        $data = json_encode($userData, JSON_THROW_ON_ERROR);
        $answer = ['auth' => $this->sign($this->checked($socketId).'::user::'.$data), 'user_data' => $data];

        return json_encode($answer, JSON_THROW_ON_ERROR);
    }

    /** Publishes an event, sealed where its one channel is encrypted. $params may name a socket_id to leave out. */
    public function trigger(array|string $channels, string $event, $data, array $params = []): object
    {
        $channels = array_values((array) $channels);
        $data = json_encode($data, JSON_THROW_ON_ERROR);
        if (array_filter($channels, [$this, 'isEncrypted'])) {
            if (count($channels) > 1) {
                throw new PusherException('an event of an encrypted channel goes to that channel alone');
            }
            $data = $this->vault()->seal($channels[0], $data);
        }

        return $this->post('/events', ['name' => $event, 'data' => $data, 'channels' => $channels] + $params);
    }

    /** Publishes an event to every connection that has signed in as a user. */
    public function sendToUser(string $userId, string $event, $data): object
    {
        return $this->trigger("#server-to-user-$userId", $event, $data);
    }

    private function post(string $endpoint, array $content): object
    {
        $body = json_encode($content, JSON_THROW_ON_ERROR);
        $path = "/apps/{$this->appId}$endpoint";
        $query = http_build_query([
            'auth_key' => $this->key,
            'auth_timestamp' => time(),
            'auth_version' => '1.0',
            'body_md5' => md5($body),
        ]);
        $query .= '&auth_signature='.hash_hmac('sha256', "POST\n$path\n$query", $this->secret);
        ['scheme' => $scheme, 'host' => $host, 'port' => $port] = $this->options;

        return $this->send("$scheme://$host:$port$path?$query", $body);
    }

    private function send(string $url, string $body): object
    {
        $request = ['method' => 'POST', 'header' => 'Content-Type: application/json', 'content' => $body, 'timeout' => 30, 'ignore_errors' => true];
        $answer = file_get_contents($url, false, stream_context_create(['http' => $request]));
        if ($answer === false) {
            throw new PusherException("cannot reach $url");
        }
        $status = (int) explode(' ', $http_response_header[0])[1];
        if ($status !== 200) {
            throw new ApiErrorException($answer, $status);
        }

        return json_decode($answer, false, 512, JSON_THROW_ON_ERROR);
    }

    private function sign(string $text): string
    {
        return $this->key.':'.hash_hmac('sha256', $text, $this->secret);
    }

    /** Whoever signs what a client sends as a socket id lets it choose the text: "1.1::user::{...}" would sign it in as anybody. */
    private function checked(string $socketId): string
    {
        if (preg_match('/\A\d+\.\d+\z/', $socketId) !== 1) {
            throw new PusherException("invalid socket id $socketId");
        }

        return $socketId;
    }

    private function checkChannel(string $channel): void
    {
        if (preg_match('/\A[-a-zA-Z0-9_=@,.;]{1,200}\z/', $channel) !== 1) {
            throw new PusherException("invalid channel name $channel");
        }
    }

    private function isEncrypted(string $channel): bool
    {
        return str_starts_with($channel, 'private-encrypted-');
    }

    private function vault(): Vault
    {
        return $this->vault ?? throw new PusherException('encrypted channels need the option encryption_master_key_base64');
    }
}
