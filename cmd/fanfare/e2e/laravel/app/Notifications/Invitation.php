<?php

declare(strict_types=1);

namespace App\Notifications;

use Illuminate\Notifications\Messages\BroadcastMessage;
use Illuminate\Notifications\Notification;

/** Goes to one user, on a private channel of theirs. */
class Invitation extends Notification
{
    public function __construct(private string $from, private string $text)
    {
    }

    public function via(): array
    {
        return ['broadcast'];
    }

    public function toBroadcast(): BroadcastMessage
    {
        return new BroadcastMessage(['from' => $this->from, 'text' => $this->text]);
    }
}
