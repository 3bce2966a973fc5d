<?php

declare(strict_types=1);

return [
    // Events are broadcast while the request that causes them lasts.
    'default' => 'sync',
    'connections' => ['sync' => ['driver' => 'sync']],
    'failed' => ['driver' => 'null'],
];
