<?php

declare(strict_types=1);

namespace Pusher;

/** The server has refused a request. Its code is the HTTP status, its message the server's words. */
class ApiErrorException extends PusherException
{
}
