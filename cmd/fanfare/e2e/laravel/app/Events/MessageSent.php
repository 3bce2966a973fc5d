<?php

declare(strict_types=1);

namespace App\Events;

use Illuminate\Broadcasting\PresenceChannel;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Contracts\Broadcasting\ShouldBroadcast;

/** What somebody said to the others in the room. */
class MessageSent implements ShouldBroadcast
{
    use InteractsWithSockets;

    public function __construct(public string $from, public string $text)
    {
    }

    public function broadcastOn(): PresenceChannel
    {
        return new PresenceChannel('room');
    }
}
