<?php

declare(strict_types=1);

namespace App\Events;

use Illuminate\Broadcasting\EncryptedPrivateChannel;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Contracts\Broadcasting\ShouldBroadcast;

/** What only the subscribers may read, and not the server in between. */
class Secret implements ShouldBroadcast
{
    use InteractsWithSockets;

    public function __construct(public string $text)
    {
    }

    public function broadcastOn(): EncryptedPrivateChannel
    {
        return new EncryptedPrivateChannel('vault');
    }
}
