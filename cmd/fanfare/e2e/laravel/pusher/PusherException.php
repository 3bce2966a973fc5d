<?php

declare(strict_types=1);

namespace Pusher;

use Exception;

/** A call that cannot be signed or sent. */
class PusherException extends Exception
{
}
