<?php

declare(strict_types=1);

namespace App\Events;

use Illuminate\Broadcasting\PresenceChannel;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Contracts\Broadcasting\ShouldBroadcast;

/** What everybody in the room is told, whoever caused it too. */
class Announcement implements ShouldBroadcast
{
    use InteractsWithSockets;

    public function __construct(public string $text)
    {
    }

    public function broadcastOn(): PresenceChannel
    {
        return new PresenceChannel('room');
    }
}
