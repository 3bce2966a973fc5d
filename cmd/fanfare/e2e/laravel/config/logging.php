<?php

declare(strict_types=1);

return [
    // PHP's own log, which `php -S` prints: the test shows it when it fails.
    'default' => 'errorlog',
    'channels' => ['errorlog' => ['driver' => 'errorlog', 'level' => 'debug']],
];
